package bpf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestGone: when an interface and a cgroup go away while programs are attached to them, that is told, and the other programs go on.
func TestGone(t *testing.T) {
	needKernel(t)
	runtime.LockOSThread()
	err := addPair(t, func(a netlink.LinkAttrs) netlink.Link { return &netlink.Veth{LinkAttrs: a, PeerName: "ebpfx1"} })
	if err != nil {
		t.Fatal(err)
	}
	parent, _ := cgroup(t)
	path := filepath.Join(parent, "inner")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	o := open(t, testprog.Kinds)
	if err := o.SetGlobal("only_tid", int64(unix.Gettid())); err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{Hooks: []bpf.Hook{
		{Program: "on_xdp", Where: "ebpfx0"}, {Program: "on_cgroup_connect4", Where: path}, {Program: "on_tracepoint", Where: "syscalls:sys_enter_getppid"},
	}})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	out := make(chan *bpf.Batch, 4)
	if err := inst.Start(out); err != nil {
		t.Fatal(err)
	}
	dev, err := netlink.LinkByName("ebpfx0")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkDel(dev); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var gone []string
	for deadline := time.After(patience); len(gone) < 2; {
		select {
		case b := <-out:
			if b.Gone != nil {
				gone = append(gone, b.Gone.Error())
			}
			b.Release()
		case <-deadline:
			t.Fatalf("told %q", gone)
		}
	}
	slices.Sort(gone)
	want := []string{
		fmt.Sprintf("program on_cgroup_connect4 is attached to %s no more: the cgroup has gone", path),
		"program on_xdp is attached to ebpfx0 no more: the interface has gone",
	}
	if !slices.Equal(gone, want) {
		t.Errorf("told %q, want %q", gone, want)
	}
	os.Getppid()
	inst.Stop()
	if records := drain(t, inst, out); len(records) == 0 {
		t.Error("the other program does not run any more")
	}
}
