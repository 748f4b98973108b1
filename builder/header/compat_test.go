package header_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/header"
)

// TestHeaders compiles a source that relies on what newer headers include.
func TestHeaders(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dirs, err := header.Compat(cachedir.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	compile(t, "testdata/newer/apart.bpf.c", "-O2", "-isystem", dirs[0])
}

// TestHeadersOfProject compiles with a linux/bpf.h that is newer than the system's.
func TestHeadersOfProject(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dirs, err := header.Compat(cachedir.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	compile(t, "testdata/newer/libbpf.bpf.c", "-O2", "-Itestdata/newer/headers", "-isystem", dirs[0])
}

// TestCompat compiles a source that uses what libbpf 1.1 lacks, and has the kernel run its loops.
func TestCompat(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dirs, err := header.Compat(cachedir.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	compile(t, "testdata/newer/libbpf.bpf.c", "-O2", "-DOWN_MACROS", "-isystem", dirs[0])
	object, err := os.ReadFile(compile(t, "testdata/newer/libbpf.bpf.c", "-O2", "-isystem", dirs[0]))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"loops", "enter", "enter_with_six", "leave", "leave_plain"} {
		if spec.Programs[program] == nil {
			t.Errorf("there is no program %s", program)
		}
	}
	if os.Geteuid() != 0 {
		if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
			t.Fatal("only root may load programs")
		}
		t.Skip("only root may load programs")
	}
	_ = rlimit.RemoveMemlock() // where it may not be raised it mostly need not be
	loops, err := ebpf.NewCollection(spec)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer loops.Close()
	l, err := link.Tracepoint("syscalls", "sys_enter_getppid", loops.Programs["loops"], nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	os.Getppid()
	for key, want := range []uint64{1 + 2 + 3 + 4, 3, 2, 2 * 21, 5, (0xf0 | 5) + 0xff} {
		var sum uint64
		if err := loops.Maps["sums"].Lookup(uint32(key), &sum); err != nil {
			t.Fatal(err)
		}
		if sum != want {
			t.Errorf("loop %d: got %d, want %d", key, sum, want)
		}
	}
}
