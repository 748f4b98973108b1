package luart

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
)

// loop is one Run. Its goroutine owns the Lua state: all methods are called there, unless they say otherwise.
type loop struct {
	script *Script
	guard  *guard // the script's
	opts   RunOptions

	outer  context.Context    // done: the user or the timeout ends the run
	starts context.Context    // for builds and loads in progress
	cancel context.CancelFunc // of starts
	build  sync.Mutex         // held while opts.Build runs

	allotted *allotted // nil: the run has no timeout

	batches chan *bpf.Batch
	posted  chan func()   // what other goroutines want done here
	done    chan struct{} // closed when nothing is done here any more
	wakeups wakeups

	tasks     int // that have not ended
	calls     int // of Lua functions from here that are in progress
	launching []*launch
	instances []*instance // in the order of run; also those that are stopped and still deliver
	waiting   []waiter

	running   *Running // nil where nobody asks how the run goes
	preparing bool
	prepared  []*launch // that are loaded and not started
	held      []*launch // that are started and do nothing yet
	settled   bool

	batch     *bpf.Batch // being delivered; nil: none
	next      int        // first record of batch that was not delivered
	delivery  *lua.LFunction
	handles   *lua.LTable // metatable of what run returns
	deadline  time.Time   // when delivery has to make room for others
	flushed   time.Time
	weighed   time.Time // when memory was looked at
	checkLost bool      // a wakeup for it is set

	tolerated tolerated

	stdout *scriptOutput
	sinks  []output.Sink

	ending   bool
	err      error // why the run failed
	exitCode int
}

// Bounds of the loop.
const (
	batchesAhead = 4                      // batches that readers may have ready
	slice        = time.Millisecond       // records are delivered for so long before others get a turn
	sliceCheck   = 32                     // records between two looks at the clock
	weighEvery   = 50 * time.Millisecond  // between two looks at the memory that is held
	flushEvery   = 100 * time.Millisecond // how long output may wait while the loop is never idle
	lossEvery    = 250 * time.Millisecond // between two looks at the counts of lost records
)

func newLoop(s *Script, opts RunOptions) *loop {
	if opts.Stdout == nil {
		opts.Stdout = s.stdout
	}
	if opts.Sink == nil {
		opts.Sink = func(*bpf.Stream) output.Sink { return output.Discard() }
	}
	if opts.Open == nil {
		opts.Open = func(_ *builder.Target, path string) (*bpf.Object, error) { return bpf.Open(path) }
	}
	if opts.Watch == nil {
		opts.Watch = func(*builder.Target, *bpf.Instance, bool) error { return nil }
	}
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	if opts.Failed == nil {
		opts.Failed = func(t *builder.Target, err error) { opts.Notice(t.Name + ": " + err.Error()) }
	}
	if opts.Discarded == nil {
		opts.Discarded = func(t *builder.Target, records uint64) {
			opts.Notice(fmt.Sprintf("%s: %s that came before it was stopped reached no callback", t.Name, plural(int(records), "event")))
		}
	}
	if opts.TookOver == nil {
		opts.TookOver = func(*builder.Target, string, *bpf.Takeover) {}
	}
	if opts.Ended == nil {
		opts.Ended = func(*builder.Target, bpf.Stats, time.Duration) {}
	}
	l := &loop{
		script:  s,
		guard:   s.guard,
		opts:    opts,
		batches: make(chan *bpf.Batch, batchesAhead),
		posted:  make(chan func()),
		done:    make(chan struct{}),
		flushed: time.Now(),
	}
	l.stdout = &scriptOutput{loop: l, buffer: bufio.NewWriterSize(opts.Stdout, outputBuffer)}
	l.delivery = s.state.NewFunction(l.deliverSlice)
	l.handles = s.newHandles()
	return l
}

func (l *loop) run(ctx context.Context, args []string) error {
	if l.opts.Timeout > 0 {
		l.allotted, ctx = newAllotted(ctx, l.opts.Timeout)
		defer l.allotted.end()
	}
	l.outer = ctx
	l.starts, l.cancel = context.WithCancel(ctx)
	defer l.cancel()
	l.guard.begin(l.opts.CallbackTimeout)
	defer context.AfterFunc(ctx, l.guard.end)()
	defer close(l.done)
	defer l.listen()()

	defer l.discardPrepared()
	l.prepare(args, func() { l.start(args) })
	for !l.finished() {
		l.settle()
		l.wake()
		l.checkMemory()
		if l.batch != nil {
			l.deliver()
			l.poll()
		} else {
			l.wait()
		}
	}
	l.settle()
	l.end(true) // what is left are tasks that nobody will wake
	l.flush()
	l.reportTolerated()
	switch {
	case l.err != nil:
		return l.err
	case l.exitCode != 0:
		return &ExitError{l.exitCode}
	}
	return nil
}

// start begins with entry or, without one, with the targets that args name.
func (l *loop) start(args []string) {
	s := l.script
	if s.entry != nil {
		values := make([]lua.LValue, len(args))
		for i, a := range args {
			values[i] = lua.LString(a)
		}
		l.spawn("entry", s.entry, values, func(err error) {
			if err != nil {
				l.fail(err)
			}
		})
		return
	}
	targets, err := s.targetsOf(args)
	if err != nil {
		l.fail(err)
		return
	}
	l.startInOrder(targets)
}

// targetsOf returns the targets that a run without an entry starts: those that args name, or the default ones.
func (s *Script) targetsOf(args []string) ([]*builder.Target, error) {
	var targets []*builder.Target
	for _, name := range args {
		t := s.project.Target(name)
		switch {
		case t == nil && strings.HasPrefix(name, "-"):
			return nil, fmt.Errorf("%w; flags go before the names of targets", noTarget(s.project, name))
		case t == nil:
			return nil, noTarget(s.project, name)
		}
		targets = append(targets, t)
	}
	if len(args) == 0 {
		targets = s.project.Defaults()
	}
	if len(targets) == 0 {
		return nil, errors.New("nothing to run: the project has no default target")
	}
	return targets, nil
}

// startInOrder starts targets one after the other. The run fails with the first that does.
func (l *loop) startInOrder(targets []*builder.Target) {
	if len(targets) == 0 {
		return
	}
	if l.active(targets[0]) {
		l.fail(fmt.Errorf("run %s: it is running already", targets[0].Name))
		return
	}
	l.startTarget(targets[0], false, func(_ *instance, err error) {
		switch {
		case l.ending: // err is the end's doing
		case err != nil:
			l.fail(err)
		default:
			l.startInOrder(targets[1:])
		}
	})
}

// finished reports whether the loop has nothing more to do.
func (l *loop) finished() bool {
	return !l.preparing && len(l.launching) == 0 && len(l.instances) == 0 && l.batch == nil && (l.ending || l.tasks == 0)
}

// checkMemory ends the run if scripts hold too much.
func (l *loop) checkMemory() {
	if now := time.Now(); now.Sub(l.weighed) > weighEvery {
		l.weighed = now
		if err := l.guard.checkMemory(); err != nil {
			l.fail(err)
		}
	}
}

// end begins the end of the run: everything is detached, and no task or timer goes on; one that runs does until it
// waits. Records that are queued are delivered, or counted as discarded. It may be called again.
func (l *loop) end(discard bool) {
	l.ending = true
	l.cancel()
	l.wakeups = nil
	l.waiting = nil
	for _, i := range l.instances {
		i.stop(discard)
	}
}

// fail ends the run with err, unless it failed before. Lua that runs is interrupted.
func (l *loop) fail(err error) {
	switch {
	case errors.Is(err, syscall.EPIPE):
		if l.exitCode == 0 {
			l.exitCode = brokenPipe
		}
	case l.err == nil && l.exitCode != brokenPipe:
		l.err = err
	}
	l.guard.interrupt()
	l.end(true)
}

// poll does what is ready, without waiting.
func (l *loop) poll() {
	if time.Since(l.flushed) > flushEvery {
		l.flush()
	}
	select {
	case f := <-l.posted:
		f()
	case <-l.interrupted():
		l.interrupt()
	default:
	}
}

// wait waits until there is something to do, and does it.
func (l *loop) wait() {
	select {
	case b := <-l.batches:
		l.take(b)
		return
	default:
		l.flush() // nothing comes next, so that who reads the output should see all of it
	}
	var due <-chan time.Time
	if at, ok := l.wakeups.first(); ok {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		due = t.C
	}
	if l.finished() {
		return // flush failed
	}
	select {
	case b := <-l.batches:
		l.take(b)
	case f := <-l.posted:
		f()
	case <-l.interrupted():
		l.interrupt()
	case <-due:
	}
}

// interrupt ends the run because the user wants it, or because its time is over.
func (l *loop) interrupt() {
	if len(l.launching) > 0 {
		l.tooLate(l.launching[0].target)
	}
	l.end(false)
}

// tooLate makes it a failure that the time of the run is over before t is attached.
func (l *loop) tooLate(t *builder.Target) {
	if l.allotted != nil && errors.Is(context.Cause(l.outer), context.DeadlineExceeded) && l.err == nil {
		l.err = fmt.Errorf("run %s: %v (--timeout) passed before it was attached", t.Name, l.opts.Timeout)
	}
}

// interrupted returns the channel that says that the run is to end, as long as it does not end already.
func (l *loop) interrupted() <-chan struct{} {
	if l.ending {
		return nil
	}
	return l.outer.Done()
}

// flush writes out what scripts and sinks have buffered.
func (l *loop) flush() {
	l.flushed = time.Now()
	l.stdout.Flush()
	for _, sink := range l.sinks {
		if err := sink.Flush(); err != nil {
			l.fail(fmt.Errorf("write events: %w", err))
		}
	}
}

// call calls a Lua function that has to return without waiting: a callback, which what names in errors. L is the state that runs. What it
// raises is returned as users see it, save for the unwinding of os.exit.
func (l *loop) call(L *lua.LState, what string, fn *lua.LFunction, args ...lua.LValue) error {
	s := l.script
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	l.calls++
	l.guard.enter(what, false)
	err := L.PCall(len(args), 0, nil)
	l.guard.leave()
	l.calls--
	if s.scheduler.exiting {
		// The outermost call is where the unwinding ends.
		if l.calls == 0 && s.scheduler.task == nil {
			return l.unwound()
		}
		return nil
	}
	if err != nil {
		return s.diagnose(err)
	}
	return nil
}

// unwound is called at the end of an unwinding that nothing may catch, and returns why, if that is an error.
func (l *loop) unwound() error {
	s := l.script
	s.scheduler.exiting = false
	cut := s.cut
	s.cut = nil
	if cut == nil {
		return nil
	}
	return cut
}
