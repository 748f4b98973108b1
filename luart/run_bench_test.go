package luart

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
)

// The callbacks of BenchmarkCallback. The first one's body is that of a function of two arguments too.
const (
	sumFields = `local sum, most = 0, 0
local function bare(pid, size) sum = sum + pid if size > 100 then most = most + 1 end end
local function callback(event) sum = sum + event.pid if event.size > 100 then most = most + 1 end end
entry_point = bare
target("producer") add_files("producer.bpf.o") on_event("events", callback)`

	countNames = `local counts = {}
target("producer") add_files("producer.bpf.o")
on_event("events", function(event) counts[event.comm] = (counts[event.comm] or 0) + 1 end)`

	keepEvents = `local last
target("producer") add_files("producer.bpf.o")
on_event("events", function(event) last = event end)`

	printFields = `target("producer") add_files("producer.bpf.o")
on_event("events", function(event) io.write(string.format("%7d  %-16s %x\n", event.pid, event.comm, event.time)) end)`

	consumeFields = `target("producer") add_files("producer.bpf.o") on_event("events", tally)`

	noCallback = `target("producer") add_files("producer.bpf.o")`
)

// path is one way of an event.
type path struct {
	name    string
	measure func(b *testing.B, object string) (perSecond, allocations float64)
}

// The paths that are compared with each other.
const (
	bareCall          = "bare call of the first callback from Go, no events"
	callbackOfNumbers = "callback: two numbers and an upvalue"
	jsonOutput        = "-o json to a file"
	cProgram          = "the same in C: libbpf and fprintf"
)

// BenchmarkCallback measures the ways of an event out of a ring buffer of 16 MB, whose producer makes more events of 64 bytes than anybody
// can take on the core that it leaves: as million events a second, as a ratio to a reader that only looks at each record, and with the
// allocations that an event takes.
func BenchmarkCallback(b *testing.B) {
	object := writeProducer(b)
	paths := []path{
		{"raw reader", rawRate},
		{bareCall, bareRate},
		{callbackOfNumbers, ofScript(sumFields, nil)},
		{"callback: counts by event.comm", ofScript(countNames, nil)},
		{"callback: keeps the event", ofScript(keepEvents, nil)},
		{"callback: string.format of three fields, to a file", ofScript(printFields, nil)},
		{"a consumer in Go instead of a callback", ofScript(consumeFields, nil)},
		{jsonOutput, ofScript(noCallback, func(w io.Writer) output.Sink { return output.NewJSON(w) })},
		{cProgram, libbpfRate},
		{"-o table to a file", ofScript(noCallback, func(w io.Writer) output.Sink { return output.NewTable(w, 0) })},
	}
	rates, allocations := make([]float64, len(paths)), make([]float64, len(paths))
	rounds := 0
	for b.Loop() {
		rounds++
		for i, p := range paths {
			r, a := p.measure(b, object)
			rates[i] += r
			allocations[i] += a
		}
	}
	b.ReportMetric(0, "ns/op")
	rate := func(name string) float64 {
		return rates[slices.IndexFunc(paths, func(p path) bool { return p.name == name })]
	}
	b.ReportMetric(rate(callbackOfNumbers)/rate(bareCall), "callback/bare-call")
	if c := rate(cProgram); c > 0 {
		b.ReportMetric(rate(jsonOutput)/c, "json/C")
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "M events/s\tof raw\tallocations\t  of an event")
	for i, p := range paths {
		n := float64(rounds)
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t  %s\n", rates[i]/n/1e6, rates[i]/rates[0], allocations[i]/n, p.name)
	}
	w.Flush()
	fmt.Print("\n", table.String()) // b.Log would cut it off
}

// benchEvents is how many events are measured, after as many as a ring holds.
const benchEvents = 2_000_000

// meter measures the rate at which count grows.
type meter struct {
	started time.Time
	before  runtime.MemStats
}

func (m *meter) start() {
	runtime.ReadMemStats(&m.before)
	m.started = time.Now()
}

func (m *meter) rates(events int) (perSecond, allocations float64) {
	seconds := time.Since(m.started).Seconds()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	return float64(events) / seconds, float64(after.Mallocs-m.before.Mallocs) / float64(events)
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

// ofScript returns the measure of a script that runs until it was given enough events. Where it has no callback they go to a sink that writes
// to a file.
func ofScript(text string, newSink func(io.Writer) output.Sink) func(b *testing.B, object string) (float64, float64) {
	return func(b *testing.B, object string) (perSecond, allocations float64) {
		b.Helper()
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		var m meter
		first := 0
		// Readers are ahead of the loop by less than a thousandth of what is measured.
		look := func(_ *builder.Target, kernel *bpf.Instance, last bool) error {
			seen := int(kernel.StreamStats(kernel.Streams()[0]).Events)
			switch {
			case last || seen == 0:
			case first == 0:
				first = seen
				m.start()
			case seen-first >= benchEvents && ctx.Err() == nil:
				perSecond, allocations = m.rates(seen - first)
				cancel()
			}
			return nil
		}
		file, err := os.Create(filepath.Join(b.TempDir(), "events"))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		s := loadBench(b, filepath.Dir(object), text)
		defer s.Close()
		defer produceUntil(b)()
		err = s.Run(ctx, nil, RunOptions{
			Build:  func(context.Context, *builder.Target) (string, error) { return object, nil },
			Stdout: file,
			Sink: func(stream *bpf.Stream) output.Sink {
				if newSink == nil || stream.Name() != "events" {
					return output.Discard()
				}
				return newSink(file)
			},
			Watch:         look,
			WatchInterval: 5 * time.Millisecond,
		})
		if err != nil {
			b.Fatal(err)
		}
		return perSecond, allocations
	}
}

func loadBench(b *testing.B, dir, text string) *Script {
	b.Helper()
	file := filepath.Join(dir, "project.lua")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	s := newScript(&builder.Project{File: file, Dir: dir}, LoadOptions{})
	s.state.SetGlobal("tally", new(tally))
	if err := s.load(file); err != nil {
		b.Fatal(err)
	}
	s.scope = inScript
	return s
}

// bareRate is the rate of calls from Go of a function with two arguments.
func bareRate(b *testing.B, object string) (perSecond, allocations float64) {
	b.Helper()
	s := loadBench(b, filepath.Dir(object), sumFields)
	defer s.Close()
	L := s.state
	fn := L.GetGlobal("entry_point").(*lua.LFunction)
	size := lua.LNumber(64)
	var m meter
	m.start()
	for i := range benchEvents {
		L.Push(fn)
		L.Push(lua.LNumber(i))
		L.Push(size)
		L.Call(2, 0)
	}
	return m.rates(benchEvents)
}

// rawRate is that of a reader that looks at two fields of each record.
func rawRate(b *testing.B, object string) (perSecond, allocations float64) {
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
	var m meter
	var sum, events int
	for batch := range batches {
		if events == 0 {
			m.start()
		}
		for i := range batch.Len() {
			record := batch.Record(i)
			sum += int(record[16]) + int(record[20])
		}
		events += batch.Len()
		batch.Release()
		if events >= benchEvents {
			break
		}
	}
	if sum == 0 {
		b.Fatal("the records are empty")
	}
	return m.rates(events)
}

// libbpfRate is that of testdata/bench/reader.c, or 0 where it cannot be compiled.
func libbpfRate(b *testing.B, object string) (perSecond, allocations float64) {
	b.Helper()
	dir := b.TempDir()
	reader := filepath.Join(dir, "reader")
	if out, err := exec.Command("cc", "-O2", "-o", reader, "testdata/bench/reader.c", "-lbpf").CombinedOutput(); err != nil {
		b.Logf("no program on libbpf to compare with: %v\n%s", err, out)
		return 0, 0
	}
	cmd := exec.Command(reader, object, strconv.Itoa(benchEvents), filepath.Join(dir, "events"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	if !lines.Scan() {
		b.Fatal(errors.Join(lines.Err(), cmd.Wait()), stderr.String())
	}
	stop := produceUntil(b)
	var ns float64
	if lines.Scan() {
		ns, err = strconv.ParseFloat(lines.Text(), 64)
	}
	stop()
	if err := errors.Join(lines.Err(), err, cmd.Wait()); err != nil || ns == 0 {
		b.Fatalf("testdata/bench/reader.c: %v\n%s", err, stderr.String())
	}
	return benchEvents / ns * 1e9, 0
}
