package bpf_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
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
	if diff := cmp.Diff(want, attached); diff != "" {
		t.Error(diff)
	}
	if len(skipped) != 1 || !strings.HasPrefix(skipped[0].Error(), noFunction) ||
		!strings.Contains(skipped[0].Error(), `; nor is program page: SEC("kprobe/ebpfx_no_such_page")`) {
		t.Errorf("skipped %v", skipped)
	}
	leftOut := "left out exit_raw, exit_tracepoint: exit_btf has the same events"
	if !slices.Contains(said, leftOut) {
		t.Errorf("said %q, want %q among it", said, leftOut)
	}
	records := run(t, inst, func() { os.Getppid() })
	// GOOD comes from two hooks: the call's own, and that of all calls.
	const tpBTF, good = 1, 5
	seen := make(map[uint64]int)
	for _, r := range records {
		who := r.field(t, "who")
		if r.field(t, "pid") == uint64(os.Getpid()) {
			seen[who]++
		}
		if who != tpBTF && who != good {
			t.Fatalf("an event of %d", who)
		}
	}
	if seen[tpBTF] == 0 || seen[good] < 2 {
		t.Errorf("events by program: %v", seen)
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
