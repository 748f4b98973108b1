package luart

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/builder"
)

// overload is a project whose callback reads two fields, while the producer sends more than anybody can take.
const overload = `
target("producer")
    add_files("producer.bpf.o")
    local limit, events, sum, calls, started = %d, 0, 0, 0
    on_event("events", function(event)
        sum = sum + event.size
        if event.pid == 42 then calls = calls + 1 end
        events = events + 1
        if events == 1 then
            started = now()
        elseif events == limit then
            print(now() - started)
            stop()
        end
    end)
`

// BenchmarkCallback measures the way of an event from a ring buffer to a callback, as millions of events a second on the core that the
// producer leaves, and as a ratio to a reader that only looks at each record.
func BenchmarkCallback(b *testing.B) {
	const limit = 2_000_000
	object := writeProducer(b)
	for b.Loop() {
		raw := rawRate(b, object, limit)
		lua := luaRate(b, fmt.Sprintf(overload, limit), object, limit)
		b.ReportMetric(raw/1e6, "raw_Mevents/s")
		b.ReportMetric(lua/1e6, "lua_Mevents/s")
		b.ReportMetric(lua/raw, "lua/raw")
	}
}

// produceUntil makes events, once a program makes them, until the returned function is called.
func produceUntil(tb testing.TB) (stop func()) {
	var done atomic.Bool
	ended := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var err error
		for err == nil && !done.Load() {
			err = bpftest.Produce(bpftest.Reserve, 1<<14)
		}
		ended <- err
	}()
	return func() {
		done.Store(true)
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	}
}

// luaRate runs a script until it prints the nanoseconds that limit events took, and returns events per second.
func luaRate(b *testing.B, script, object string, limit int) float64 {
	b.Helper()
	file := filepath.Join(filepath.Dir(object), "project.lua")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		b.Fatal(err)
	}
	s, err := Load(file, LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	defer produceUntil(b)()
	var out strings.Builder
	err = s.Run(context.Background(), nil, RunOptions{
		Build:  func(context.Context, *builder.Target) (string, error) { return object, nil },
		Stdout: &out,
	})
	if err != nil {
		b.Fatal(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(out.String()), 64)
	if err != nil {
		b.Fatal(err)
	}
	return float64(limit) / ns * 1e9
}

// rawRate returns events per second of a reader that looks at two fields of each record.
func rawRate(b *testing.B, object string, limit int) float64 {
	b.Helper()
	o, err := bpf.Open(object)
	if err != nil {
		b.Fatal(err)
	}
	instance, err := o.Load(bpf.LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer instance.Close()
	if _, _, err := instance.Attach(); err != nil {
		b.Fatal(err)
	}
	batches := make(chan *bpf.Batch, batchesAhead)
	if err := instance.Start(batches); err != nil {
		b.Fatal(err)
	}
	defer produceUntil(b)()
	var started time.Time
	var sum, events int
	for batch := range batches {
		if events == 0 {
			started = time.Now()
		}
		for i := range batch.Len() {
			record := batch.Record(i)
			sum += int(record[16]) + int(record[20])
		}
		events += batch.Len()
		batch.Release()
		if events >= limit {
			break
		}
	}
	if sum == 0 {
		b.Fatal("the records are empty")
	}
	return float64(events) / time.Since(started).Seconds()
}
