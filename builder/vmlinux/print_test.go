package vmlinux_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

func printed(t *testing.T, file string) []byte {
	t.Helper()
	spec, err := vmlinux.Load(file)
	if err != nil {
		if os.IsNotExist(err) || file == "running" {
			skip(t, err.Error())
		}
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := vmlinux.Print(&text, spec); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestPrintRunningKernel(t *testing.T) {
	text := printed(t, "running")
	const source = prologue + `
SEC("raw_tp/sched_switch")
int f(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];
	return task->pid;
}`
	mustCompile(t, text, source)
	// The layouts are the kernel's own, so CO-RE is not needed on it.
	mustCompile(t, text, "#define BPF_NO_PRESERVE_ACCESS_INDEX\n"+source)
	if !bytes.Equal(printed(t, "/sys/kernel/btf/vmlinux"), text) {
		t.Error("the kernel's BTF file gives another header than the running kernel")
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.btf")
	if err := os.WriteFile(text, []byte("this is no BTF, whatever its name says\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(dir, "absent"), text, dir, self} {
		_, err := vmlinux.Load(file)
		if err == nil || !strings.Contains(err.Error(), "read BTF of "+file) {
			t.Errorf("%s: got error %v", file, err)
		}
	}
}
