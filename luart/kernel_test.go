package luart

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/builder"
)

// requireKernel skips a test where programs cannot be loaded; where they must, it fails.
func requireKernel(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() == 0 {
		return
	}
	const reason = "loading eBPF programs needs root"
	if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
}

// kernelRun is a run of a script whose targets are all the event producer of bpftest. The script finds what it needs to
// make events and to be interrupted in the table test:
//
//	test.produce(n)    makes n events in the map events, one after the other
//	test.overflow(n)   makes n events in the map copies, which holds some thousand
//	test.hit(n)        has access.bpf.c run with a number
//	test.signal(n)     sends this process a signal
//	test.interrupt()   does what Ctrl-C does
//	test.NAME()        calls a hostFunction
type kernelRun struct {
	out       strings.Builder
	notices   []string
	ended     []string
	stats     map[string]bpf.Stats
	discarded map[string]uint64
}

// hostFunction is what a script can call in the table test.
type hostFunction struct {
	name string
	call func()
}

// runKernel runs a script on the kernel. It checks that nothing is left behind.
func runKernel(t *testing.T, script string, opts RunOptions, functions ...hostFunction) (*kernelRun, error) {
	t.Helper()
	return runLoaded(t, script, LoadOptions{}, opts, functions...)
}

// runLoaded is runKernel for a script that is loaded with options.
func runLoaded(t *testing.T, script string, load LoadOptions, opts RunOptions, functions ...hostFunction) (*kernelRun, error) {
	t.Helper()
	requireKernel(t)
	s, err := loadText(t, script, load)
	if err != nil {
		t.Fatal(err)
	}
	return runScript(t, s, opts, functions...)
}

// runScript is runKernel for a script that is loaded.
func runScript(t *testing.T, s *Script, opts RunOptions, functions ...hostFunction) (*kernelRun, error) {
	t.Helper()
	object := writeProducer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lib := s.state.NewTable()
	for _, f := range functions {
		lib.RawSetString(f.name, s.state.NewFunction(func(*lua.LState) int { f.call(); return 0 }))
	}
	function := func(name string, fn func(n int) error) {
		lib.RawSetString(name, s.state.NewFunction(func(L *lua.LState) int {
			if err := fn(L.OptInt(1, 0)); err != nil {
				L.RaiseError("%v", err)
			}
			return 0
		}))
	}
	function("produce", func(n int) error { return bpftest.Produce(bpftest.Reserve, n) })
	function("overflow", func(n int) error { return bpftest.Produce(bpftest.Output, n) })
	function("hit", func(n int) error { _, _, _ = unix.Syscall(unix.SYS_GETPRIORITY, 0xbad, uintptr(n), 0); return nil })
	function("signal", func(n int) error { return unix.Kill(os.Getpid(), unix.Signal(n)) })
	function("interrupt", func(int) error { cancel(); return nil })
	s.state.SetGlobal("test", lib)

	r := &kernelRun{stats: make(map[string]bpf.Stats), discarded: make(map[string]uint64)}
	opts.Stdout = &r.out
	opts.Notice = func(text string) { r.notices = append(r.notices, text) }
	opts.Ended = func(target *builder.Target, stats bpf.Stats, _ time.Duration) {
		r.ended = append(r.ended, target.Name)
		r.stats[target.Name] = stats
	}
	opts.Discarded = func(target *builder.Target, n uint64) { r.discarded[target.Name] += n }
	if opts.Build == nil {
		opts.Build = func(context.Context, *builder.Target) (string, error) { return object, nil }
	}
	before := openFiles(t)
	err := s.Run(ctx, nil, opts)
	if after := openFiles(t); after > before {
		t.Errorf("%d files are open after the run, %d before", after, before)
	}
	return r, err
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// writeProducer writes the event producer to a file and returns its path.
func writeProducer(tb testing.TB) string {
	tb.Helper()
	requireKernel(tb)
	path := filepath.Join(tb.TempDir(), "producer.bpf.o")
	if err := os.WriteFile(path, bpftest.Object(), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// countingSink counts records by stream.
type countingSink struct {
	counts  map[string]int
	flushed bool
	fail    error
}

func (c *countingSink) Write(b *bpf.Batch) error {
	c.counts[b.Stream.Name()] += b.Len()
	c.flushed = false
	return c.fail
}

func (c *countingSink) Flush() error {
	c.flushed = true
	return nil
}

func (r *kernelRun) expect(t *testing.T, want string) {
	t.Helper()
	if got := r.out.String(); got != want {
		t.Errorf("the script printed\n%swant\n%s", got, want)
	}
}
