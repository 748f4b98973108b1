package bpf_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// kindCase is a way to use a kind: a program of testprog.Kinds, a hook, and what makes the program run.
type kindCase struct {
	kind   string
	object []byte // nil: testprog.Kinds
	name   string // tells cases of a kind apart
	// have reports whether this kernel has the kind. lacks is what an error says where it does not.
	have  func() bool
	lacks string
	hook  bpf.Hook
	// prepare makes what the hook needs, completes it, and returns what is done until the program has run, on the test's own thread.
	prepare func(t *testing.T, c *kindCase) (act func())
	others  []bpf.Hook // attached beside
	want    []uint64   // values of which one must come; nil: any
}

// TestKind attaches a program of each kind, has it hit by real activity, and looks whether it is gone afterwards. Subtests
// are named KIND/CASE: make kinds reads from them which kernels have what. A kernel that lacks a kind must say so in a sentence; that
// case counts as skipped.
func TestKind(t *testing.T) {
	covered := make(map[string]bool)
	for _, c := range slices.Concat(traceCases, networkCases, otherCases) {
		covered[c.kind] = true
		t.Run(c.kind+"/"+c.name, func(t *testing.T) { c.run(t) })
	}
	t.Run("cgroup", testCgroupKinds)
	covered["cgroup"] = true
	for _, kind := range bpf.Kinds() {
		if !covered[kind] {
			t.Errorf("no case for %s", kind)
		}
	}
}

func (c *kindCase) run(t *testing.T) {
	needKernel(t)
	// A case may move its thread to another network, and the thread ends with the test then.
	runtime.LockOSThread()
	act := func() {}
	if c.prepare != nil {
		act = c.prepare(t, c)
	}
	object := c.object
	if object == nil {
		object = testprog.Kinds
	}
	o := open(t, object)
	if c.object == nil {
		if err := o.SetGlobal("only_tid", int64(unix.Gettid())); err != nil {
			t.Fatal(err)
		}
	}
	opts := bpf.LoadOptions{Hooks: append(slices.Clone(c.others), c.hook)}
	before := programsNamed(t, c.hook.Program)
	inst, attached, err := c.attach(t, o, opts)
	if c.have != nil && !c.have() {
		if err == nil || !strings.Contains(err.Error(), c.lacks) {
			t.Fatalf("got %v, want %s", err, c.lacks)
		}
		t.Skipf("beyond this kernel: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(attached, func(a bpf.Attached) bool { return a.Program == c.hook.Program && a.Kind == c.kind }) {
		t.Errorf("attached %v", attached)
	}
	got := untilHit(t, inst, act, func(r record) bool {
		return c.want == nil || slices.Contains(c.want, r.field(t, "value"))
	})
	t.Log(got)
	if stats := inst.Stats(); !stats.LostKnown || stats.Lost != 0 {
		t.Errorf("%+v", stats)
	}
	if err := inst.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program is still there", func() bool { return programsNamed(t, c.hook.Program) <= before })
}

// attach returns the error of loading or of attaching.
func (c *kindCase) attach(t *testing.T, o *bpf.Object, opts bpf.LoadOptions) (*bpf.Instance, []bpf.Attached, error) {
	t.Helper()
	opts.Notice = func(text string) { t.Logf("notice: %s", text) }
	inst, err := o.Load(opts)
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { inst.Close() })
	attached, _, err := inst.Attach()
	return inst, attached, err
}

// untilHit starts an instance, does act again and again on this thread until a record is wanted, and stops it.
func untilHit(t *testing.T, inst *bpf.Instance, act func(), wanted func(record) bool) record {
	t.Helper()
	out := make(chan *bpf.Batch, 64)
	if err := inst.Start(out); err != nil {
		t.Fatal(err)
	}
	var all []record
	found := -1
	deadline := time.Now().Add(patience)
	for found < 0 {
		if time.Now().After(deadline) {
			t.Fatalf("it was not hit as wanted; there came %d records, first %v", len(all), all[:min(len(all), 3)])
		}
		act()
		select {
		case b := <-out:
			if b.End {
				t.Fatalf("it ended without what was wanted; there came %d records, first %v", len(all), all[:min(len(all), 3)])
			}
			for i := range b.Len() {
				r := record{b.Stream.Name(), b.Stream.Type(b.Record(i)), slices.Clone(b.Record(i))}
				if all = append(all, r); found < 0 && wanted(r) {
					found = len(all) - 1
				}
			}
			b.Release()
		case <-time.After(10 * time.Millisecond):
		}
	}
	inst.Stop()
	drain(t, inst, out)
	return all[found]
}

// eventually waits for what the kernel does in its own time.
func eventually(t *testing.T, otherwise string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}

// since reports whether the kernel is of that version or later.
func since(major, minor int) func() bool {
	return func() bool {
		_, ma, mi := probe.Release()
		return ma > major || ma == major && mi >= minor
	}
}

func all(have ...func() bool) func() bool {
	return func() bool {
		return !slices.ContainsFunc(have, func(has func() bool) bool { return !has() })
	}
}

const (
	noKprobes = "this kernel has no kprobes (CONFIG_KPROBES is off)"
	nice      = 5
	getppid   = unix.SYS_GETPPID
)

// acting makes the prepare of a case that needs nothing.
func acting(act func()) func(*testing.T, *kindCase) func() {
	return func(*testing.T, *kindCase) func() { return act }
}

func beNice() {
	if err := setNice(nice); err != nil {
		panic(fmt.Sprintf("setpriority: %v", err))
	}
}

func askParent() { os.Getppid() }

// traceCases are of kinds that trace the kernel and processes.
var traceCases = []*kindCase{
	{kind: "kprobe", name: "function", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_kprobe", Where: "security_task_setnice"}},
	{kind: "kprobe", name: "offset", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice),
		hook: bpf.Hook{Program: "on_kprobe", Where: "security_task_setnice+0x0"}},
	{kind: "kprobe", name: "glob", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_kprobe", Where: "security_task_setn*"}},
	{kind: "kretprobe", name: "glob", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice), want: []uint64{0},
		hook: bpf.Hook{Program: "on_kretprobe", Where: "security_task_setn*"}},
	{kind: "kretprobe", name: "function", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice), want: []uint64{0},
		hook: bpf.Hook{Program: "on_kretprobe", Where: "security_task_setnice"}},
	{kind: "kprobe.multi", name: "pattern", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_kprobe_multi", Where: "security_task_?etnice"}},
	{kind: "kretprobe.multi", name: "pattern", have: probe.Kprobes, lacks: noKprobes, prepare: acting(beNice), want: []uint64{0},
		hook: bpf.Hook{Program: "on_kretprobe_multi", Where: "security_task_setn*"}},
	{kind: "kprobe.session", name: "pattern", have: all(probe.Kprobes, since(6, 10)), lacks: "this kernel has no sessions of kprobes", prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_kprobe_session", Where: "security_task_setn*"}},
	{kind: "ksyscall", name: "call", have: probe.Kprobes, lacks: noKprobes, prepare: acting(askParent),
		hook: bpf.Hook{Program: "on_ksyscall", Where: "getppid"}},
	{kind: "kretsyscall", name: "call", have: probe.Kprobes, lacks: noKprobes, prepare: acting(askParent), want: []uint64{uint64(os.Getppid())},
		hook: bpf.Hook{Program: "on_kretsyscall", Where: "getppid"}},
	{kind: "uprobe", name: "library", prepare: acting(id), hook: bpf.Hook{Program: "on_uprobe", Where: "libc.so.6:geteuid"}},
	{kind: "uretprobe", name: "library", prepare: acting(id), hook: bpf.Hook{Program: "on_uretprobe", Where: "libc.so.6:geteuid"}},
	{kind: "uprobe.multi", name: "pattern", prepare: acting(id), hook: bpf.Hook{Program: "on_uprobe_multi", Where: "libc.so.6:geteui?"}},
	{kind: "uretprobe.multi", name: "pattern", prepare: acting(id), hook: bpf.Hook{Program: "on_uretprobe_multi", Where: "libc.so.6:geteui?"}},
	{kind: "uprobe.session", name: "pattern", have: since(6, 13), lacks: "this kernel has no sessions of uprobes", prepare: acting(id),
		hook: bpf.Hook{Program: "on_uprobe_session", Where: "libc.so.6:geteui?"}},
	{kind: "usdt", name: "probe", object: testprog.Usdt, prepare: probed, hook: bpf.Hook{Program: "on_probe"}},
	{kind: "tracepoint", name: "event", prepare: acting(askParent), want: []uint64{getppid},
		hook: bpf.Hook{Program: "on_tracepoint", Where: "syscalls:sys_enter_getppid"}},
	{kind: "raw_tracepoint", name: "event", prepare: acting(askParent), want: []uint64{getppid},
		hook: bpf.Hook{Program: "on_raw_tracepoint", Where: "sys_enter"}},
	{kind: "raw_tracepoint.w", name: "event", prepare: runForTest, hook: bpf.Hook{Program: "on_raw_tracepoint_w", Where: "bpf_test_finish"}},
	{kind: "tp_btf", name: "event", prepare: acting(askParent), want: []uint64{getppid},
		hook: bpf.Hook{Program: "on_tp_btf", Where: "sys_enter"}},
	{kind: "fentry", name: "function", have: probe.Fentry, lacks: "this kernel refuses fentry programs", prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_fentry", Where: "security_task_setnice"}},
	{kind: "fexit", name: "function", have: probe.Fentry, lacks: "this kernel refuses fexit programs", prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_fexit", Where: "security_task_setnice"}},
	{kind: "fmod_ret", name: "function", have: probe.Fentry, lacks: "this kernel refuses fmod_ret programs", prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_fmod_ret", Where: "security_task_setnice"}},
	{kind: "fsession", name: "function", have: all(probe.Fentry, since(7, 0)), lacks: "this kernel has no fsession programs", prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_fsession", Where: "security_task_setnice"}},
	{kind: "freplace", name: "program", have: probe.Fentry, lacks: "this kernel refuses freplace programs", prepare: replaceable, want: []uint64{7},
		hook: bpf.Hook{Program: "on_freplace", Where: "replaceable:decide"}},
	{kind: "lsm", name: "hook", have: hasLSM, lacks: "lsm", prepare: acting(beNice), want: []uint64{nice},
		hook: bpf.Hook{Program: "on_lsm", Where: "task_setnice"}},
	{kind: "lsm_cgroup", name: "hook", have: all(hasLSM, since(6, 0)), lacks: "lsm_cgroup", prepare: inCgroup,
		hook: bpf.Hook{Program: "on_lsm_cgroup"}},
	{kind: "perf_event", name: "frequency", prepare: acting(spin), hook: bpf.Hook{Program: "on_perf_event", Where: "profile:hz:99"}},
	{kind: "perf_event", name: "interval", prepare: acting(spin), hook: bpf.Hook{Program: "on_perf_event", Where: "profile:ms:5"}},
	{kind: "perf_event", name: "period", prepare: acting(spin), hook: bpf.Hook{Program: "on_perf_event", Where: "software:cpu-clock:1_000_000"}},
	{kind: "perf_event", name: "event by frequency", prepare: acting(spin), hook: bpf.Hook{Program: "on_perf_event", Where: "software:cpu-clock:hz:99"}},
	{kind: "perf_event", name: "process", prepare: acting(spin), hook: bpf.Hook{Program: "on_perf_event", Where: "software:task-clock:100000", PID: os.Getpid()}},
	{kind: "perf_event", name: "cpu", prepare: acting(spin), want: []uint64{0}, hook: bpf.Hook{Program: "on_perf_event", Where: "profile:hz:99", CPU: "0"}},
	{kind: "perf_event", name: "process on a cpu", prepare: acting(spin), want: []uint64{0},
		hook: bpf.Hook{Program: "on_perf_event", Where: "software:cpu-clock:100000", PID: os.Getpid(), CPU: "0"}},
}

func spin() {
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
		_ = os.Getpid()
	}
}
