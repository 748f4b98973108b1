package bpf_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestLossesUnderOverload compares with the producer's own counts what was read and what was lost.
func TestLossesUnderOverload(t *testing.T) {
	for _, tc := range []struct {
		name, stream string
		transport    bpftest.Transport
		events       int // more than the buffer holds, and not so many that it takes long where everything does
	}{
		{"reserve", "events", bpftest.Reserve, 400_000},
		{"output", "copies", bpftest.Output, 100_000},
		{"perf", "samples", bpftest.Perf, 50_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inst := load(t, open(t, bpftest.Object()), bpf.LoadOptions{})
			attach(t, inst)
			out := make(chan *bpf.Batch, 1)
			if err := inst.Start(out); err != nil {
				t.Fatal(err)
			}
			// Nobody takes batches meanwhile, so that the buffer overflows for certain.
			if err := bpftest.Produce(tc.transport, tc.events); err != nil {
				t.Fatal(err)
			}
			inst.Stop()
			records := drain(t, inst, out)

			stats := inst.Stats()
			if !stats.LostKnown || stats.Events != uint64(len(records)) || stats.Lost == 0 {
				t.Errorf("%d records, %+v", len(records), stats)
			}
			if got := stats.Events + stats.Lost; got != uint64(tc.events) {
				t.Errorf("%d events and %d lost are %d, want %d", stats.Events, stats.Lost, got, tc.events)
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

// TestLossesOfPerfAreCountedOnce: a perf buffer tells with its next record of those that it had no room for, which are counted where they are sent.
func TestLossesOfPerfAreCountedOnce(t *testing.T) {
	inst := load(t, open(t, bpftest.Object()), bpf.LoadOptions{})
	attach(t, inst)
	out := make(chan *bpf.Batch) // nobody takes batches at first
	if err := inst.Start(out); err != nil {
		t.Fatal(err)
	}
	produced := uint64(0)
	produce := func(n int) {
		t.Helper()
		if err := bpftest.Produce(bpftest.Perf, n); err != nil {
			t.Fatal(err)
		}
		produced += uint64(n)
	}
	produce(50_000)
	lost := inst.Stats().Lost
	if lost == 0 {
		t.Fatal("nothing is lost")
	}
	drained := make(chan []record)
	go func() { drained <- drain(t, inst, out) }()
	// When there is room again one comes through, and before it the news of the losses.
	eventually(t, "no event comes through", func() bool {
		before := inst.Stats()
		produce(1)
		return inst.Stats().Lost == before.Lost
	})
	inst.Stop()
	records := <-drained
	if stats := inst.Stats(); stats.Events+stats.Lost != produced || stats.Events != uint64(len(records)) {
		t.Errorf("%d records, %+v, want %d in all", len(records), stats, produced)
	}
}

// TestLossesOfSeveralCPUs: nothing is counted twice or forgotten where producers on all CPUs run into each other, and into a reader that takes what it can.
func TestLossesOfSeveralCPUs(t *testing.T) {
	const producers, rounds, each = 4, 20, 2000
	for _, tc := range []struct {
		name      string
		transport bpftest.Transport
	}{{"reserve", bpftest.Reserve}, {"output", bpftest.Output}, {"perf", bpftest.Perf}} {
		t.Run(tc.name, func(t *testing.T) {
			inst := load(t, open(t, bpftest.Object()), bpf.LoadOptions{})
			attach(t, inst)
			out := make(chan *bpf.Batch)
			if err := inst.Start(out); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range producers {
				all.Go(func() {
					for range rounds {
						if err := bpftest.Produce(tc.transport, each); err != nil {
							t.Error(err)
						}
					}
				})
			}
			go func() {
				all.Wait()
				inst.Stop()
			}()
			records := drain(t, inst, out)
			stats := inst.Stats()
			made, skipped := producedBy(t, inst, tc.transport)
			if got := stats.Events + stats.Lost; !stats.LostKnown || got != made || stats.Events != uint64(len(records)) {
				t.Errorf("%d records, %+v, together %d of %d", len(records), stats, got, made)
			}
			// Newer kernels run these programs with preemption, and skip those of who comes meanwhile.
			if made > producers*rounds*each || made < producers*rounds*each && skipped == 0 {
				t.Errorf("%d made of %d, and no run was skipped", made, producers*rounds*each)
			}
		})
	}
}

// producedBy returns how many events the producer counted, and how many runs of its programs the kernel skipped.
func producedBy(t *testing.T, inst *bpf.Instance, transport bpftest.Transport) (made, skipped uint64) {
	t.Helper()
	_, counts, err := inst.Global("produced")
	if err != nil {
		t.Fatal(err)
	}
	programs, err := inst.ProgramStats()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		skipped += p.Skipped
	}
	return binary.NativeEndian.Uint64(counts[8*(transport-bpftest.Reserve):]), skipped
}

// ordered checks that records of the producer came in their order, each whole. Its thread may have moved to
// another CPU, which has another perf buffer; then an order is promised for each alone.
func ordered(t *testing.T, records []record) {
	t.Helper()
	var next uint64
	for i, r := range records {
		if r.typ == nil || r.typ.Name != "struct event" || len(r.data) < bpftest.EventSize {
			t.Fatalf("record %d: %v", i, r)
		}
		sequence := binary.NativeEndian.Uint64(r.data)
		if sequence < next && r.stream != "samples" {
			t.Fatalf("record %d is event %d, after event %d", i, sequence, next-1)
		}
		next = sequence + 1
		if pid := binary.NativeEndian.Uint32(r.data[16:]); pid != 42 {
			t.Fatalf("record %d has pid %d", i, pid)
		}
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
	_, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	loops := features.HaveProgramHelper(ebpf.TracePoint, asm.FnLoop) == nil
	for _, s := range skipped {
		if s.Program != "start_loop" || loops {
			t.Error(s)
		}
	}
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
		if s.Name() == "second" && !loops {
			continue
		}
		if stats.Events+stats.Lost != produced || stats.Events != uint64(got[s.Name()]) || stats.Events > perRing || stats.Events < perRing-1 {
			t.Errorf("%s: %+v, want %d together and some %d of them read", s.Name(), stats, produced, perRing)
		}
	}
}
