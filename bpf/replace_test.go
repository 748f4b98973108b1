package bpf_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
)

// version compiles testdata/replace.bpf.c with some macros set.
func version(t *testing.T, defines ...string) *bpf.Object {
	t.Helper()
	if _, err := exec.LookPath("clang"); err != nil {
		t.Skip("clang is not installed")
	}
	path := filepath.Join(t.TempDir(), "replace.bpf.o")
	args := []string{"-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror",
		"-include", "../builder/header/events.h", "-c", "testdata/replace.bpf.c", "-o", path}
	for _, d := range defines {
		args = append(args, "-D"+d)
	}
	if out, err := exec.Command("clang", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	o, err := bpf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// mark is what tells the calls of this test from those of others.
const mark = 0x40000000

// call makes the call that the programs of replace.bpf.c see.
func call(sequence uint32) { _, _, _ = unix.Syscall(unix.SYS_GETPGID, uintptr(mark|sequence), 0, 0) }

// count returns how often the programs were called, by their map.
func count(t *testing.T, o *bpf.Object, inst *bpf.Instance) uint64 {
	t.Helper()
	for _, m := range o.Maps() {
		if m.Name != "counts" {
			continue
		}
		entries, err := inst.Entries(m)
		if err != nil || len(entries) > 1 {
			t.Fatalf("%v, %v", entries, err)
		}
		if len(entries) == 0 {
			return 0
		}
		n, _ := m.Value.Bits(m.ValueOf(entries[0]))
		return n
	}
	t.Fatal("no map counts")
	return 0
}

// TestReplace replaces a program again and again while events come: none comes twice, none is counted twice, and none is missing that is
// not counted as lost, unless there is a gap, which is told.
func TestReplace(t *testing.T) {
	t.Run("with gates", func(t *testing.T) { testReplace(t, true) })
	t.Run("without", func(t *testing.T) { testReplace(t, false) })
}

func testReplace(t *testing.T, replaceable bool) {
	needKernel(t)
	versions := []*bpf.Object{version(t), version(t, "VERSION=2")}
	out := make(chan *bpf.Batch, 4)
	var done atomic.Bool
	var sent atomic.Uint32
	current := load(t, versions[0], bpf.LoadOptions{Replaceable: replaceable})
	attach(t, current)
	if err := current.Start(out); err != nil {
		t.Fatal(err)
	}
	working := make(chan struct{})
	go func() {
		defer close(working)
		for !done.Load() {
			call(sent.Add(1))
		}
	}()

	const rounds = 10
	all := []*bpf.Instance{current}
	ended := make(chan struct{})
	var sequences []uint64
	seen := make(map[uint64]bool) // versions of records
	go func() {
		defer close(ended)
		ends := 0
		for b := range out {
			for i := range b.Len() {
				r := record{typ: b.Stream.Type(b.Record(i)), data: b.Record(i)}
				sequences = append(sequences, r.field(t, "sequence"))
				seen[r.field(t, "version")] = true
			}
			if b.End {
				if ends++; ends == rounds+1 {
					return
				}
			}
			b.Release()
		}
	}()
	for round := range rounds {
		for before := sent.Load(); sent.Load() < before+1000; { // the new one is to see some
		}
		next := load(t, versions[(round+1)%2], bpf.LoadOptions{Replace: current, Replaceable: replaceable})
		attach(t, next)
		took := next.Takeover()
		if want := []string{".bss", ".data", "counts", "events"}; took == nil || !slices.Equal(took.Kept, want) || len(took.Fresh) > 0 || (took.Gap == 0) != replaceable {
			t.Fatalf("took over %+v, want %v kept", took, want)
		}
		t.Logf("gap %v", took.Gap)
		if round == 0 {
			// One that is given up before it takes over leaves no trace.
			given := load(t, versions[0], bpf.LoadOptions{Replace: next, Replaceable: replaceable})
			if err := given.Stage(); err != nil {
				t.Fatal(err)
			}
			if err := given.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := next.Start(out); err != nil {
			t.Fatal(err)
		}
		current.Stop()
		current = next
		all = append(all, next)
	}
	done.Store(true)
	<-working
	current.Stop()
	<-ended

	var lost uint64
	for _, inst := range all {
		lost += inst.Stats().Lost
	}
	if !slices.IsSorted(sequences) {
		t.Error("events come in another order")
	}
	if n := len(slices.Compact(slices.Clone(sequences))); n != len(sequences) {
		t.Errorf("%d of %d events came twice", len(sequences)-n, len(sequences))
	}
	if !seen[1] || !seen[2] {
		t.Errorf("events are of versions %v", seen)
	}
	if n := count(t, versions[0], current); n != uint64(len(sequences))+lost {
		t.Errorf("the map counted %d events, and %d came and %d were lost", n, len(sequences), lost)
	}
	missing := uint64(sent.Load()) - uint64(len(sequences)) - lost
	if replaceable && missing != 0 {
		t.Errorf("%d events are missing", missing)
	}
	t.Logf("%d events, %d lost, %d missing", len(sequences), lost, missing)
}

// TestReplaceChanged: a map is made anew where its definition changed, and only then.
func TestReplaceChanged(t *testing.T) {
	needKernel(t)
	for _, tc := range []struct {
		name    string
		defines []string
		kept    []string
		fresh   []bpf.FreshMap
	}{
		{"nothing", nil, []string{".bss", ".data", "counts", "events"}, nil},
		{"code alone", []string{"VERSION=2"}, []string{".bss", ".data", "counts", "events"}, nil},
		{"room", []string{"ENTRIES=32"}, []string{".bss", ".data", "events"}, []bpf.FreshMap{{Name: "counts", Why: "it has room for 32, and had for 16"}}},
		{"size", []string{"VALUE=__u32"}, []string{".bss", ".data", "events"}, []bpf.FreshMap{{Name: "counts", Why: "its value is 4 bytes, and was 8"}}},
		{"type", []string{"VALUE=long"}, []string{".bss", ".data", "events"}, []bpf.FreshMap{{Name: "counts", Why: "its value is of another type"}}},
		{"first value", []string{"FIRST=6"}, []string{".bss", "counts", "events"}, []bpf.FreshMap{{Name: ".data", Why: "it begins with other values"}}},
		{"records", []string{"WIDE"}, []string{".bss", ".data", "counts"}, []bpf.FreshMap{{Name: "events", Why: "its events are of another type"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := version(t)
			old := load(t, before, bpf.LoadOptions{})
			attach(t, old)
			call(1)
			after := version(t, tc.defines...)
			inst := load(t, after, bpf.LoadOptions{Replace: old})
			if took := inst.Takeover(); took != nil {
				t.Errorf("it took over before Attach: %+v", took)
			}
			attach(t, inst)
			took := inst.Takeover()
			if diff := cmp.Diff(&bpf.Takeover{Kept: tc.kept, Fresh: tc.fresh, Gap: took.Gap}, took); diff != "" {
				t.Error(diff)
			}
			call(2)
			want := uint64(1)
			if slices.Contains(tc.kept, "counts") {
				want = 2
			}
			if n := count(t, after, inst); n != want {
				t.Errorf("counted %d, want %d", n, want)
			}
			if err := old.Close(); err != nil {
				t.Error(err)
			}
			call(3)
			if n := count(t, after, inst); n != want+1 {
				t.Errorf("counted %d when the old one was closed, want %d", n, want+1)
			}
			records := run(t, inst, func() {})
			if wantRecords := 2; slices.Contains(tc.kept, "events") {
				wantRecords++ // what the old one did not read
				if len(records) != wantRecords {
					t.Errorf("%d records, want %d: %v", len(records), wantRecords, records)
				}
			}
		})
	}
}

// TestReplaceFails: where the new version cannot be attached the old one goes on.
func TestReplaceFails(t *testing.T) {
	needKernel(t)
	before := version(t)
	old := load(t, before, bpf.LoadOptions{})
	attach(t, old)
	inst := load(t, version(t, "VERSION=2"), bpf.LoadOptions{Replace: old, Hooks: []bpf.Hook{{Program: "on_getpgid", Where: "syscalls:sys_enter_nothing"}}})
	if _, _, err := inst.Attach(); err == nil {
		t.Fatal("a tracepoint that does not exist was attached to")
	}
	call(1)
	if n := count(t, before, old); n != 1 {
		t.Errorf("the old one counted %d, want 1", n)
	}
	records := run(t, old, func() { call(2) })
	if len(records) != 2 || records[0].field(t, "version") != 1 {
		t.Errorf("records of the old one: %v", records)
	}
	if err := old.Close(); err != nil {
		t.Error(err)
	}
	if _, err := version(t).Load(bpf.LoadOptions{Replace: old}); err == nil {
		t.Error("an instance that is closed was replaced")
	}
}

// TestTakeOverTogether: where one of several cannot take over none does, and what was staged or changed is undone.
func TestTakeOverTogether(t *testing.T) {
	ownNetwork(t)
	xdp := bpf.LoadOptions{Replaceable: true, Hooks: []bpf.Hook{{Program: "on_packet", Where: "lo"}}}
	oldPackets, oldCalls := load(t, version(t, "XDP"), xdp), load(t, version(t), bpf.LoadOptions{Replaceable: true})
	attach(t, oldPackets)
	attach(t, oldCalls)
	next := func(hook string) (packets, calls *bpf.Instance, failed *bpf.Instance, err error) {
		var told []string
		xdp.Replace = oldPackets
		packets = load(t, version(t, "XDP", "VERSION=2"), xdp)
		calls = load(t, version(t, "VERSION=2"), bpf.LoadOptions{
			Replaceable: true, Replace: oldCalls, Hooks: []bpf.Hook{{Program: "on_getpgid", Where: hook}},
			Notice: func(text string) { told = append(told, text) },
		})
		for _, i := range []*bpf.Instance{packets, calls} {
			if err = i.Stage(); err != nil {
				return packets, calls, i, err
			}
		}
		failed, err = bpf.TakeOver(packets, calls)
		if len(told) > 0 {
			t.Errorf("was told %q", told)
		}
		return packets, calls, failed, err
	}

	refuse := func(packets, calls, failed *bpf.Instance, err error) {
		if err == nil || failed != calls {
			t.Fatalf("%v is the error of %p, want one of %p", err, failed, calls)
		}
		for _, i := range []*bpf.Instance{packets, calls} {
			if err := i.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	refuse(next("syscalls:sys_enter_nothing"))
	// Two programs cannot be on one interface, which only the kernel tells, when one of them is there.
	packets := load(t, version(t, "XDP", "VERSION=2"), bpf.LoadOptions{Replaceable: true, Hooks: xdp.Hooks, Replace: oldPackets})
	other := load(t, version(t, "XDP"), bpf.LoadOptions{Replaceable: true, Hooks: xdp.Hooks, Replace: oldCalls})
	failed, err := bpf.TakeOver(packets, other)
	refuse(packets, other, failed, err)
	call(1)
	send(t)
	if n := count(t, version(t), oldCalls); n != 1 {
		t.Errorf("the old one counted %d calls, want 1", n)
	}
	seen := count(t, version(t, "XDP"), oldPackets)
	if seen == 0 {
		t.Error("the old one saw no packet")
	}

	packets, calls, _, err := next("syscalls:sys_enter_getpgid")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []*bpf.Instance{oldPackets, oldCalls} {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	}
	call(2)
	send(t)
	if n := count(t, version(t), calls); n != 2 {
		t.Errorf("the new one counted %d calls, want 2", n)
	}
	if n := count(t, version(t, "XDP"), packets); n <= seen {
		t.Errorf("the new one counted %d packets, want more than %d", n, seen)
	}
}

// TestReplaceInPlace: an interface has room for one XDP program, which the kernel replaces in its link.
func TestReplaceInPlace(t *testing.T) {
	ownNetwork(t)
	opts := bpf.LoadOptions{Replaceable: true, Hooks: []bpf.Hook{{Program: "on_packet", Where: "lo"}}}
	old := load(t, version(t, "XDP"), opts)
	attach(t, old)
	opts.Replace = old
	o := version(t, "XDP", "VERSION=2")
	inst := load(t, o, opts)
	attach(t, inst)
	if took := inst.Takeover(); took.Gap != 0 || !slices.Contains(took.Kept, "counts") {
		t.Errorf("took over %+v", took)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	before := count(t, o, inst)
	send(t)
	if after := count(t, o, inst); after == before {
		t.Error("the program that took over the link counts nothing")
	}
}
