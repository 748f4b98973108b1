package bpf_test

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
)

// burst is as many events as the ring of the producer has room for.
const burst = 16 << 20 / (bpftest.EventSize + 8)

// report tells how many million events passed in each second of the benchmark.
func report(b *testing.B, events int) {
	b.ReportMetric(float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRawReader reads a full ring with the reader of cilium/ebpf alone.
func BenchmarkRawReader(b *testing.B) {
	needKernel(b)
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(bpftest.Object()))
	if err != nil {
		b.Fatal(err)
	}
	coll, err := ebpf.NewCollection(spec)
	if err != nil {
		b.Fatal(err)
	}
	defer coll.Close()
	l, err := link.Tracepoint("syscalls", "sys_enter_getpriority", coll.Programs["produce"], nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r, err := ringbuf.NewReader(coll.Maps["events"])
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()

	var rec ringbuf.Record
	events := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		produce(b, burst)
		b.StartTimer()
		for rec.Remaining = 1; rec.Remaining > 0; events++ {
			if err := r.ReadInto(&rec); err != nil {
				b.Fatal(err)
			}
		}
	}
	report(b, events)
}

// BenchmarkStream reads a full ring as batches.
func BenchmarkStream(b *testing.B) {
	inst := load(b, open(b, bpftest.Object()), bpf.LoadOptions{})
	attach(b, inst)
	// The reader starts on the first burst; later ones wait until it has read all, as it blocks on out.
	out := make(chan *bpf.Batch)
	if err := inst.Start(out); err != nil {
		b.Fatal(err)
	}
	events := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		produce(b, burst)
		b.StartTimer()
		for got := 0; got < burst; {
			batch := <-out
			got += batch.Len()
			batch.Release()
		}
		events += burst
	}
	report(b, events)
	b.StopTimer()
	inst.Stop()
	drain(b, inst, out)
}

func produce(tb testing.TB, n int) {
	tb.Helper()
	if err := bpftest.Produce(bpftest.Reserve, n); err != nil {
		tb.Fatal(err)
	}
}
