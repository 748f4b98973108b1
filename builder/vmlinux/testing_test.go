package vmlinux_test

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// skip ends a test that this machine cannot run, unless it has to be able to.
func skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// merged returns the merged header.
func merged(t testing.TB) []byte {
	t.Helper()
	text, _, err := vmlinux.Header("x86")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compile compiles source, which finds header as vmlinux.h, and returns the object's
// path, and what clang printed.
func compile(t testing.TB, header []byte, source string, flags ...string) (object string, stderr []byte, err error) {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err != nil {
		skip(t, "clang is not installed")
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"vmlinux.h": header, "t.bpf.c": []byte(source)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	object = filepath.Join(dir, "t.bpf.o")
	args := append([]string{"-target", "bpf", "-D__TARGET_ARCH_x86", "-O2", "-g", "-I" + dir, "-c", filepath.Join(dir, "t.bpf.c"), "-o", object}, flags...)
	cmd := exec.Command(clang, args...)
	var out bytes.Buffer
	cmd.Stderr = &out
	err = cmd.Run()
	return object, out.Bytes(), err
}

// mustCompile is compile for sources that have to be free of warnings.
func mustCompile(t testing.TB, header []byte, source string, flags ...string) (object string) {
	t.Helper()
	object, stderr, err := compile(t, header, source, append(flags, "-Wall", "-Werror")...)
	if err != nil {
		t.Fatalf("compile: %v\n%s", err, stderr)
	}
	return object
}

// precompile returns header in the form that -include-pch takes. Sources that include
// vmlinux.h as well skip it.
func precompile(t testing.TB, header []byte) string {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err != nil {
		skip(t, "clang is not installed")
	}
	file := filepath.Join(t.TempDir(), "vmlinux.h")
	if err := os.WriteFile(file, header, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(clang, "-target", "bpf", "-D__TARGET_ARCH_x86", "-O2", "-g", "-x", "c-header", file, "-o", file+".pch")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("precompile: %v\n%s", err, out)
	}
	return file + ".pch"
}

// prologue is what every source starts with.
const prologue = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
`

// elfSection returns the content of an object's section.
func elfSection(t testing.TB, object []byte, name string) []byte {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Section(name)
	if s == nil {
		t.Fatalf("there is no section %s", name)
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
