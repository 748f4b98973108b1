package bpf_test

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestRecords reads what every stream of an object carries.
func TestRecords(t *testing.T) {
	inst := load(t, open(t, testprog.Streams), bpf.LoadOptions{})
	attach(t, inst)
	records := run(t, inst, func() { unix.Getpid() })
	var got []string
	for _, r := range records {
		if text := r.String(); !slices.Contains(got, text) { // other processes do it too
			got = append(got, text)
		}
	}
	slices.Sort(got)
	want := []string{
		`copied: struct plain_event {pid=2, verdict=ALLOW, comm=""}`,
		`inlined: struct inlined_event {n=[`,
		`perf: struct perf_event {a=1, b=2}`,
		`perf: struct perf_other {bytes=[0, 0,`,
		`plain: struct plain_event {pid=1, verdict=DENY, comm=""`,
		`scalar: __u64 7`,
		`several: long_event_t {a=2, b=2, c=2}`,
		`several: struct short_event {a=1}`,
		`untyped: 00 00 00 00`,
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, w) }) {
			t.Errorf("no record %s", w)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(got, "\n"))
	}
}

func TestTypeByLength(t *testing.T) {
	streams := open(t, testprog.Streams).Streams()
	names := make(map[string]*bpf.StreamInfo)
	for _, s := range streams {
		names[s.Map] = s
	}
	for _, tc := range []struct {
		stream string
		length int
		want   string
	}{
		{"several", 8, "struct short_event"},
		{"several", 24, "long_event_t"},
		{"several", 16, "long_event_t"}, // cut short
		{"several", 4, "struct short_event"},
		{"several", 32, "long_event_t"},
		{"perf", 12, "struct perf_event"}, // padded
		{"perf", 44, "struct perf_other"},
		{"plain", 1, "struct plain_event"},
		{"untyped", 4, ""},
	} {
		got := ""
		if typ := names[tc.stream].Type(tc.length); typ != nil {
			got = typ.Name
		}
		if got != tc.want {
			t.Errorf("%s of %d bytes: got %q, want %q", tc.stream, tc.length, got, tc.want)
		}
	}
}

// TestBackPressure: with nobody reading, no more than a few batches leave the ring, and none is lost once somebody does.
func TestBackPressure(t *testing.T) {
	const events = 100_000 // less than the ring holds
	inst := load(t, open(t, bpftest.Object()), bpf.LoadOptions{})
	attach(t, inst)
	out := make(chan *bpf.Batch)
	if err := inst.Start(out); err != nil {
		t.Fatal(err)
	}
	if err := bpftest.Produce(bpftest.Reserve, events); err != nil {
		t.Fatal(err)
	}
	if stats := inst.Stats(); stats.Events > 10_000 || stats.Lost != 0 {
		t.Errorf("with nobody reading: %+v", stats)
	}
	inst.Stop()
	records := drain(t, inst, out)
	if len(records) != events {
		t.Errorf("%d records, want %d", len(records), events)
	}
	if diff := cmp.Diff(bpf.Stats{Events: events, LostKnown: true}, inst.Stats()); diff != "" {
		t.Error(diff)
	}
}

// TestDeliveredAtOnce: an event does not wait for others.
func TestDeliveredAtOnce(t *testing.T) {
	inst := load(t, open(t, bpftest.Object()), bpf.LoadOptions{})
	attach(t, inst)
	out := make(chan *bpf.Batch, 4)
	if err := inst.Start(out); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := bpftest.Produce(bpftest.Reserve, 1); err != nil {
			t.Fatal(err)
		}
		select {
		case b := <-out:
			if b.Len() != 1 || b.Stream.Name() != "events" {
				t.Fatalf("%d records of %s", b.Len(), b.Stream.Name())
			}
			b.Release()
		case <-time.After(patience):
			t.Fatal("the event does not come")
		}
	}
	inst.Stop()
	drain(t, inst, out)
}

func TestLifeCycle(t *testing.T) {
	object := bpftest.Object()
	t.Run("stop twice", func(t *testing.T) {
		inst := load(t, open(t, object), bpf.LoadOptions{})
		attach(t, inst)
		run(t, inst, func() { inst.Stop() })
	})
	t.Run("stop before start", func(t *testing.T) {
		inst := load(t, open(t, object), bpf.LoadOptions{})
		attach(t, inst)
		if err := bpftest.Produce(bpftest.Reserve, 10); err != nil {
			t.Fatal(err)
		}
		inst.Stop()
		if got := run(t, inst, func() {}); len(got) != 10 {
			t.Errorf("%d records", len(got))
		}
	})
	t.Run("start twice", func(t *testing.T) {
		inst := load(t, open(t, object), bpf.LoadOptions{})
		out := make(chan *bpf.Batch, 1)
		if err := inst.Start(out); err != nil {
			t.Fatal(err)
		}
		if err := inst.Start(out); err == nil {
			t.Error("no error")
		}
	})
	t.Run("nothing produced after stop", func(t *testing.T) {
		inst := load(t, open(t, object), bpf.LoadOptions{})
		attach(t, inst)
		run(t, inst, func() {})
		if err := bpftest.Produce(bpftest.Reserve, 10); err != nil {
			t.Fatal(err)
		}
		if stats := inst.Stats(); stats.Events+stats.Lost != 0 {
			t.Errorf("%+v", stats)
		}
	})
	t.Run("close while readers wait", func(t *testing.T) {
		before := runtime.NumGoroutine()
		inst := load(t, open(t, object), bpf.LoadOptions{})
		attach(t, inst)
		if err := inst.Start(make(chan *bpf.Batch)); err != nil {
			t.Fatal(err)
		}
		if err := bpftest.Produce(bpftest.Reserve, 5000); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := inst.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for end := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), before)
			}
		}
		if err := inst.Start(make(chan *bpf.Batch)); err == nil {
			t.Error("a closed instance starts")
		}
	})
	t.Run("no streams", func(t *testing.T) {
		inst := load(t, open(t, testprog.Sections), bpf.LoadOptions{})
		if _, _, err := inst.Attach(); err != nil {
			t.Fatal(err)
		}
		run(t, inst, func() {})
	})
}

// TestClosesDescriptors: an instance is nothing but descriptors, and it keeps none.
func TestClosesDescriptors(t *testing.T) {
	needKernel(t)
	once := func() {
		inst := load(t, open(t, testprog.Attach), bpf.LoadOptions{})
		if _, _, err := inst.Attach(); err != nil {
			t.Fatal(err)
		}
		run(t, inst, stir)
		if err := inst.Close(); err != nil {
			t.Fatal(err)
		}
	}
	once() // what is probed once and kept
	before := kernelFDs()
	once()
	if diff := cmp.Diff(before, kernelFDs()); diff != "" {
		t.Error(diff)
	}
	// The kernel frees programs a while after the last descriptor is closed.
	for end := time.Now().Add(patience); inKernel(t, "on_uretprobe"); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("the kernel still has a program of ours")
		}
	}
}

// inKernel reports whether the kernel has a program of that name, whoever loaded it.
func inKernel(t *testing.T, name string) bool {
	t.Helper()
	for id := ebpf.ProgramID(0); ; {
		var err error
		if id, err = ebpf.ProgramGetNextID(id); errors.Is(err, os.ErrNotExist) {
			return false
		} else if err != nil {
			t.Fatal(err)
		}
		prog, err := ebpf.NewProgramFromID(id)
		if errors.Is(err, os.ErrNotExist) {
			continue // gone meanwhile
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := prog.Info()
		prog.Close()
		if err == nil && info.Name == name {
			return true
		}
	}
}

// TestIterator reads the text of one, which ends by itself when it is alone.
func TestIterator(t *testing.T) {
	var text strings.Builder
	inst := load(t, open(t, testprog.Attach), bpf.LoadOptions{Text: &text})
	attached, _, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(attached, func(a bpf.Attached) bool { return a.Kind == "iter" && a.Where == "task" }) {
		t.Fatalf("attached %v", attached)
	}
	records := run(t, inst, func() {})
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "a task\n"); n < len(tasks) {
		t.Errorf("%d lines for at least %d tasks", n, len(tasks))
	}
	if len(records) == 0 {
		t.Error("no record")
	}
}
