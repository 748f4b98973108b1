package bpf_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestPinned: a map that the C source wants pinned is, on a machine where nobody mounted the file system for it, too; and rings
// that programs find in another map alone are read, with their types.
func TestPinned(t *testing.T) {
	needKernel(t)
	o, err := bpf.Open(compile(t, "pinned.bpf.c"))
	if err != nil {
		t.Fatal(err)
	}
	const pin = "/sys/fs/bpf/ebpfx_test_pinned"
	t.Cleanup(func() { os.Remove(pin) })
	inst := load(t, o, bpf.LoadOptions{})
	if _, err := os.Stat(pin); err != nil {
		t.Error(err)
	}
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	streams := make(map[string]int)
	for _, r := range run(t, inst, func() {
		for range 10 {
			syscall.Getppid()
		}
	}) {
		if r.typ == nil || r.typ.Name != "struct sent" {
			t.Fatalf("a record of %s is of type %v", r.stream, r.typ)
		}
		streams[r.stream]++
	}
	if streams["even"] < 5 || streams["odd"] < 5 {
		t.Errorf("got %v, want at least five records through each ring", streams)
	}
}
