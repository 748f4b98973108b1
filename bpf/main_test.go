package bpf_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// patience is how long a test waits for what must come. It is long because machines that test are busy.
const patience = time.Minute

// TestMain fails when tests leave file descriptors of BPF behind, since those are all that keeps programs in the kernel.
func TestMain(m *testing.M) {
	before := kernelFDs()
	code := m.Run()
	removeTargets()
	if leaked := kernelFDs(); code == 0 && len(leaked) > len(before) {
		fmt.Fprintf(os.Stderr, "file descriptors are left open: %q, before %q\n", leaked, before)
		code = 1
	}
	os.Exit(code)
}

// kernelFDs returns what the descriptors of this process refer to: programs, maps, links, events, pollers of rings. The
// runtime's own poller, which comes with the first file that can block, is there in any case.
func kernelFDs() []string {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return nil
	}
	var fds []string
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, "anon_inode:") {
			fds = append(fds, to)
		}
	}
	slices.Sort(fds)
	return fds
}

// needKernel skips tests that load programs where this process may not.
func needKernel(tb testing.TB) {
	tb.Helper()
	missing := probe.Missing(probe.CapBPF, probe.CapPerfmon, probe.CapNetAdmin, probe.CapSysAdmin)
	if len(missing) == 0 {
		return
	}
	if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
		tb.Fatalf("this process lacks %v", missing)
	}
	tb.Skipf("this process lacks %v", missing)
}

// open opens an object of package testprog.
func open(tb testing.TB, object []byte) *bpf.Object {
	tb.Helper()
	o, err := bpf.OpenReader("test.bpf.o", bytes.NewReader(object))
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// load loads an object until the test ends.
func load(tb testing.TB, o *bpf.Object, opts bpf.LoadOptions) *bpf.Instance {
	tb.Helper()
	needKernel(tb)
	if opts.Notice == nil {
		opts.Notice = func(text string) { tb.Logf("notice: %s", text) }
	}
	inst, err := o.Load(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := inst.Close(); err != nil {
			tb.Error(err)
		}
	})
	return inst
}

// attach attaches all programs of an instance, none may be left out.
func attach(tb testing.TB, inst *bpf.Instance) []bpf.Attached {
	tb.Helper()
	attached, skipped, err := inst.Attach()
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range skipped {
		tb.Error(s)
	}
	return attached
}

// record is a copy of one that a stream delivered.
type record struct {
	stream string
	typ    *decode.Type
	data   []byte
}

func (r record) String() string {
	if r.typ == nil {
		return fmt.Sprintf("%s: % x", r.stream, r.data)
	}
	return fmt.Sprintf("%s: %s %s", r.stream, r.typ.Name, r.typ.AppendText(nil, r.data))
}

// field returns a number of r.
func (r record) field(tb testing.TB, name string) uint64 {
	tb.Helper()
	f := r.typ.Field(name)
	if f == nil {
		tb.Fatalf("%s has no field %s", r.typ.Name, name)
	}
	v, ok := f.Bits(r.data)
	if !ok {
		tb.Fatalf("%v is too short for %s", r, name)
	}
	return v
}

// run starts an instance, calls act, stops it and returns all records. It fails unless the last batch comes.
func run(tb testing.TB, inst *bpf.Instance, act func()) []record {
	tb.Helper()
	out := make(chan *bpf.Batch, 4)
	if err := inst.Start(out); err != nil {
		tb.Fatal(err)
	}
	go func() {
		act()
		inst.Stop()
	}()
	return drain(tb, inst, out)
}

// drain reads until the last batch.
func drain(tb testing.TB, inst *bpf.Instance, out <-chan *bpf.Batch) []record {
	tb.Helper()
	var records []record
	deadline := time.After(patience)
	for {
		select {
		case <-deadline:
			tb.Fatal("the last batch does not come")
		case b := <-out:
			if b.Instance != inst {
				tb.Fatal("a batch of another instance")
			}
			if b.End {
				if b.Err != nil {
					tb.Fatal(b.Err)
				}
				return records
			}
			for i := range b.Len() {
				data := bytes.Clone(b.Record(i))
				records = append(records, record{b.Stream.Name(), b.Stream.Type(data), data})
			}
			b.Release()
		}
	}
}
