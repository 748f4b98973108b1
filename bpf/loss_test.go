package bpf_test

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestLossesUnderOverload compares with the producer's own counts what was read and what was lost.
func TestLossesUnderOverload(t *testing.T) {
	const events = 1_000_000 // many times what a buffer holds
	for _, tc := range []struct {
		name, stream string
		transport    bpftest.Transport
	}{
		{"reserve", "events", bpftest.Reserve},
		{"output", "copies", bpftest.Output},
		{"perf", "samples", bpftest.Perf},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inst := load(t, open(t, bpftest.Object()), bpf.LoadOptions{})
			attach(t, inst)
			out := make(chan *bpf.Batch, 1)
			if err := inst.Start(out); err != nil {
				t.Fatal(err)
			}
			// Nobody takes batches meanwhile, so that the buffer overflows for certain.
			if err := bpftest.Produce(tc.transport, events); err != nil {
				t.Fatal(err)
			}
			inst.Stop()
			records := drain(t, inst, out)

			stats := inst.Stats()
			if !stats.LostKnown || stats.Events != uint64(len(records)) || stats.Lost == 0 {
				t.Errorf("%d records, %+v", len(records), stats)
			}
			if got := stats.Events + stats.Lost; got != events {
				t.Errorf("%d events and %d lost are %d, want %d", stats.Events, stats.Lost, got, events)
			}
			for _, s := range inst.Streams() {
				want := bpf.Stats{LostKnown: true}
				if s.Name() == tc.stream {
					want = stats
				}
				if got := inst.StreamStats(s); got != want {
					t.Errorf("stream %s: %+v, want %+v", s.Name(), got, want)
				}
			}
			ordered(t, records)
			if err := inst.Close(); err != nil {
				t.Fatal(err)
			}
			if got := inst.Stats(); got != stats {
				t.Errorf("after Close: %+v, before %+v", got, stats)
			}
		})
	}
}

// ordered checks that records of the producer came in their order, each whole. Its thread may have moved to
// another CPU, which has another perf buffer; then an order is promised for each alone.
func ordered(t *testing.T, records []record) {
	t.Helper()
	broken := 0
	for i, r := range records {
		if r.typ == nil || r.typ.Name != "struct event" || len(r.data) < bpftest.EventSize {
			t.Fatalf("record %d: %v", i, r)
		}
		// sequence starts again with each call, but only grows within one.
		seq := binary.NativeEndian.Uint64(r.data)
		if i > 0 && seq != 0 && seq < binary.NativeEndian.Uint64(records[i-1].data) {
			broken++
		}
		if pid := binary.NativeEndian.Uint32(r.data[16:]); pid != 42 {
			t.Fatalf("record %d has pid %d", i, pid)
		}
	}
	if limit := len(records) / 100; records[0].stream != "samples" && broken > limit {
		t.Errorf("%d of %d records are out of order", broken, len(records))
	}
}

// TestLossesThroughCalls: what subprograms, callbacks and programs behind tail calls lose is counted for the right ring.
func TestLossesThroughCalls(t *testing.T) {
	const (
		magic   = 0x65627034
		each    = 300  // of the loops in the source
		inLoop  = 1000 // bpf_loop goes on for as long as it is told
		perRing = 4096 / (32 + 8)
	)
	inst := load(t, open(t, testprog.Calls), bpf.LoadOptions{})
	attach(t, inst)
	// The rings fill before anybody reads, so that what is kept is known, but for a record that is
	// never whole: a ring keeps a byte free.
	if _, _, errno := unix.Syscall(unix.SYS_GETPRIORITY, magic, inLoop, 0); errno != unix.EINVAL {
		t.Fatal(errno)
	}
	records := run(t, inst, func() {})
	got := make(map[string]int)
	for _, r := range records {
		got[r.stream]++
	}
	for _, s := range inst.Streams() {
		produced := map[string]uint64{"first": each, "second": inLoop, "third": each}[s.Name()]
		stats := inst.StreamStats(s)
		if stats.Events+stats.Lost != produced || stats.Events != uint64(got[s.Name()]) || stats.Events > perRing || stats.Events < perRing-1 {
			t.Errorf("%s: %+v, want %d together and some %d of them read", s.Name(), stats, produced, perRing)
		}
	}
}
