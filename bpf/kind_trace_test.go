package bpf_test

import (
	"errors"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// runForTest runs a program with BPF_PROG_TEST_RUN, which ends in a tracepoint that may change its result. The error that on_raw_tracepoint_w
// makes of it must come.
func runForTest(t *testing.T, c *kindCase) func() {
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:         ebpf.SocketFilter,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
		License:      "GPL",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { prog.Close() })
	return func() {
		if _, err := prog.Run(&ebpf.RunOptions{Data: make([]byte, 64)}); !errors.Is(err, unix.ENOTUNIQ) {
			t.Errorf("the result is not replaced: %v", err)
		}
	}
}

// probed starts a program with probes of its own, which it passes for each line that it is sent.
func probed(t *testing.T, c *kindCase) func() {
	path := target(t, "usdt-pie")
	c.hook.Where = path + ":ebpfx:constants"
	p := start(t, path)
	return func() { p.line(t) }
}

// replaceable attaches the program a function of which on_freplace takes the place of.
func replaceable(t *testing.T, c *kindCase) func() {
	o := open(t, testprog.Kinds)
	if err := o.SetGlobal("only_tid", int64(unix.Gettid())); err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "replaceable", Where: "syscalls:sys_enter_getppid"}}})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	return askParent
}

// inCgroup makes a cgroup, which the hook gets, and uses sockets in it.
func inCgroup(t *testing.T, c *kindCase) func() {
	path, run := cgroup(t)
	c.hook.Where = path
	return func() { useSockets(t, run) }
}

// otherCases are of kinds that are hit when somebody asks.
var otherCases = []*kindCase{
	{kind: "iter", name: "task", want: []uint64{uint64(os.Getpid())}, hook: bpf.Hook{Program: "on_iter", Where: "task"}},
	{kind: "iter", name: "map", want: []uint64{2}, hook: bpf.Hook{Program: "on_iter_map", Where: "bpf_map_elem", Map: "elements"}},
	{kind: "iter", name: "process", have: since(6, 1), lacks: "this kernel's iterators go through all processes", want: []uint64{uint64(os.Getpid())},
		hook: bpf.Hook{Program: "on_iter", Where: "task", PID: os.Getpid()}},
	{kind: "iter", name: "cgroup", have: since(6, 1), lacks: "names no iterator that this kernel has", prepare: walkedCgroup,
		hook: bpf.Hook{Program: "on_iter_cgroup", Where: "cgroup", Order: "self"}},
	{kind: "struct_ops", name: "congestion", have: since(6, 4), lacks: "this kernel has no links for struct_ops", prepare: congested,
		hook: bpf.Hook{Program: "on_struct_ops", Where: "congestion"}},
	{kind: "syscall", name: "once", have: since(5, 14), lacks: "this kernel has no programs of type Syscall", want: []uint64{0},
		hook: bpf.Hook{Program: "on_syscall", Where: "once"}},
}

// walkedCgroup begins the walk in a cgroup of the test.
func walkedCgroup(t *testing.T, c *kindCase) func() {
	c.hook.Cgroup, _ = cgroup(t)
	return func() {}
}
