package luart

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// requireTool skips a test for which a program is not installed; where it must be, it fails.
func requireTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// runProject builds and runs the project in dir.
func runProject(t *testing.T, dir string, args ...string) (stdout string, err error) {
	t.Helper()
	requireKernel(t)
	requireTool(t, "clang")
	s, err := Load(filepath.Join(dir, "project.lua"), LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	err = s.Run(t.Context(), args, RunOptions{
		Build: func(ctx context.Context, target *builder.Target) (string, error) {
			result, err := builder.Build(ctx, s.Project(), []*builder.Target{target}, builder.Options{})
			if err != nil {
				return "", err
			}
			return result.Objects[target], nil
		},
		Stdout:  &out,
		Timeout: forever,
	})
	return out.String(), err
}

// The script that the project started from does what it says: the event is sorted and printed, the target is stopped
// from inside its callback, and the target that does not exist is an error at its line.
func TestRunOrigin(t *testing.T) {
	requireTool(t, "bpftool") // the target has two sources
	lua := requireTool(t, "lua5.1")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/origin")); err != nil {
		t.Fatal(err)
	}
	// Some distributions have lua_pcall in the interpreter, some in a library.
	if exports(t, lua, "lua_pcall") {
		source := filepath.Join(dir, "src/uprobe.bpf.c")
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("liblua5.1.so.0"), []byte("lua5.1"))
		if err := os.WriteFile(source, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	calls := exec.CommandContext(t.Context(), lua, "-e", "while true do pcall(function() end) end")
	if err := calls.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = calls.Process.Kill()
		_ = calls.Wait()
	}()

	out, err := runProject(t, dir, "uprobe")
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Line != 18 || d.Text != `no target named "ebpf_program2" (there is: ebpf_program1)` {
		t.Errorf("got %v", err)
	}
	if !strings.HasPrefix(out, "uprobe event: {comm=") || strings.Count(out, "\n") != 1 {
		t.Errorf("the script printed %q", out)
	}
}

// exports reports whether the dynamic symbols of a binary have name.
func exports(t *testing.T, path, name string) bool {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == name && s.Section != elf.SHN_UNDEF })
}

// What an iterator prints comes out in order with what the script prints, and the run ends with it.
func TestIteratorText(t *testing.T) {
	dir := writeProject(t, map[string]string{
		"project.lua": `
target("tasks") add_files("tasks.bpf.c")
    on_load(function() print("load") end)
    on_exit(function() print("exit") end)
`,
		"tasks.bpf.c": `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "a task\n");
	return 0;
}
`,
	})
	out, err := runProject(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if out != "load\na task\nexit\n" {
		t.Errorf("got %q", out)
	}
}
