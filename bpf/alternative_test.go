package bpf_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

const noFunction = `program folio is not attached: SEC("kprobe/ebpfx_no_such_folio")`

func TestAlternatives(t *testing.T) {
	var said []string
	inst := load(t, open(t, testprog.Alternatives), bpf.LoadOptions{Verbose: func(text string) { said = append(said, text) }})
	attached, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	want := []bpf.Attached{
		{Program: "exit_btf", Kind: "tp_btf", Where: "sys_exit"},
		{Program: "getppid", Kind: "tracepoint", Where: "syscalls:sys_enter_getppid"},
		{Program: "enter", Kind: "tracepoint", Where: "raw_syscalls:sys_enter"},
	}
	const where = "security_task_setnice"
	unserved := 1
	switch {
	case probe.Fentry():
		want = append(want, bpf.Attached{Program: "nice_fentry", Kind: "fentry", Where: where})
	case probe.Kprobes():
		want = append(want, bpf.Attached{Program: "nice_kprobe", Kind: "kprobe", Where: where})
	default:
		unserved++
	}
	if diff := cmp.Diff(want, attached); diff != "" {
		t.Error(diff)
	}
	if len(skipped) != unserved || !strings.HasPrefix(skipped[0].Error(), noFunction) ||
		!strings.Contains(skipped[0].Error(), `; nor is program page: SEC("kprobe/ebpfx_no_such_page")`) {
		t.Errorf("skipped %v", skipped)
	}
	if unserved > 1 {
		reasons := regexp.MustCompile(`^program nice_fentry is not attached: SEC\("fentry/security_task_setnice"\): this kernel refuses fentry programs.*` +
			`; nor is program nice_kprobe: SEC\("kprobe/security_task_setnice"\): this kernel has no kprobes`)
		if got := skipped[1].Error(); !reasons.MatchString(got) {
			t.Errorf("got %s", got)
		}
	}
	leftOut := "left out exit_raw, exit_tracepoint: exit_btf has the same events"
	if !slices.Contains(said, leftOut) {
		t.Errorf("said %q, want %q among it", said, leftOut)
	}
	records := run(t, inst, func() {
		os.Getppid()
		if err := setNice(5); err != nil {
			t.Error(err)
		}
	})
	// GOOD comes from two hooks: the call's own, and that of all calls.
	const tpBTF, good, fentry, kprobe = 1, 5, 9, 10
	seen := make(map[uint64]int)
	for _, r := range records {
		who := r.field(t, "who")
		if r.field(t, "pid") == uint64(os.Getpid()) {
			seen[who]++
		}
		if who != tpBTF && who != good && who != fentry && who != kprobe {
			t.Fatalf("an event of %d", who)
		}
	}
	if seen[tpBTF] == 0 || seen[good] < 2 {
		t.Errorf("events by program: %v", seen)
	}
	// Setting the nice value and setting it back: a call is an event, never two.
	if got, want := seen[fentry]+seen[kprobe], 2*(2-unserved); got != want {
		t.Errorf("%d events of %d calls", got, want)
	}
}

func TestStrict(t *testing.T) {
	inst := load(t, open(t, testprog.Alternatives), bpf.LoadOptions{Strict: true})
	attached, _, err := inst.Attach()
	if err == nil || !strings.HasPrefix(err.Error(), noFunction) {
		t.Errorf("got %v", err)
	}
	if len(attached) > 0 {
		t.Errorf("attached %v", attached)
	}
	t.Run("without failures", func(t *testing.T) {
		o := open(t, testprog.Event)
		attach(t, load(t, o, bpf.LoadOptions{Strict: true}))
	})
}

// TestHookInPlaceOfAlternatives: who names one of them does not get another beside it.
func TestHookInPlaceOfAlternatives(t *testing.T) {
	inst := load(t, open(t, testprog.Alternatives), bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "exit_raw", Where: "sys_exit"}}})
	attached, _, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attached {
		if strings.HasPrefix(a.Program, "exit_") && a.Program != "exit_raw" {
			t.Errorf("%s is attached, too", a.Program)
		}
	}
	if !slices.ContainsFunc(attached, func(a bpf.Attached) bool { return a.Program == "exit_raw" }) {
		t.Errorf("attached %v", attached)
	}
}

// TestFailedHookLeavesNothing: where one hook cannot be served the others are detached again.
func TestFailedHookLeavesNothing(t *testing.T) {
	inst := load(t, open(t, testprog.Alternatives), bpf.LoadOptions{Hooks: []bpf.Hook{
		{Program: "exit_raw", Where: "sys_exit"}, {Program: "getppid_raw", Where: "sys_enter_getppid"}, // no raw tracepoint is called so
	}})
	before := kernelFDs()
	_, _, err := inst.Attach()
	if err == nil || !strings.Contains(err.Error(), "sys_enter_getppid") {
		t.Fatalf("got %v", err)
	}
	if left := kernelFDs(); len(left) > len(before) {
		t.Errorf("there are %q, before %q", left, before)
	}
}
