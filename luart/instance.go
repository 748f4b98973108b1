package luart

import (
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
)

// instance is a target that was started by this run, until all that it sent is dealt with.
type instance struct {
	target   *builder.Target
	handlers *handlers
	kernel   *bpf.Instance
	routes   map[*bpf.Stream]*route
	started  time.Time
	handle   lua.LValue
	signals  []*signalState // of handlers.signal

	maps     lua.LValue            // handle.maps; nil until asked for
	mapOf    map[string]lua.LValue // its elements that were asked for
	globals  lua.LValue            // handle.globals
	stacks   []*bpf.Map            // maps of stack traces
	measures bool                  // the kernel measures its programs
	measured []bpf.ProgramStats    // the last time that somebody looked

	stopped   bool
	discard   bool   // records that are left go to no callback
	discarded uint64 // how many of them there were
}

// stop detaches the programs. Records that are queued are delivered first, or counted if discard is set. Streams that no callback
// takes are written to their sinks in either case. It may be called again.
func (i *instance) stop(discard bool) {
	i.discard = i.discard || discard
	if !i.stopped {
		i.stopped = true
		i.kernel.Stop()
	}
}

// active reports whether t is starting or running. A stopped target whose records are still being delivered is not.
func (l *loop) active(t *builder.Target) bool {
	return slices.ContainsFunc(l.launching, func(la *launch) bool { return la.target == t && !la.unwanted }) ||
		slices.ContainsFunc(l.instances, func(i *instance) bool { return i.target == t && !i.stopped })
}

// stopTarget stops t if it runs. If it is starting, it is stopped before any callback of it is called.
func (l *loop) stopTarget(t *builder.Target) {
	for _, la := range l.launching {
		if la.target == t {
			la.unwanted = true
		}
	}
	for _, i := range l.instances {
		if i.target == t {
			i.stop(true)
		}
	}
}

// of returns the instance that b is from, or nil where it was closed.
func (l *loop) of(b *bpf.Batch) *instance {
	for _, i := range l.instances {
		if i.kernel == b.Instance {
			return i
		}
	}
	return nil
}

// take accepts a batch from a reader.
func (l *loop) take(b *bpf.Batch) {
	i := l.of(b)
	switch {
	case i == nil:
		b.Release()
	case b.End:
		l.finish(i, b.Err)
		b.Release()
	case b.Gone != nil:
		l.opts.Notice(fmt.Sprintf("%s: %v", i.target.Name, b.Gone))
		b.Release()
	default:
		l.batch, l.next = b, 0
	}
}

// finish is the end of an instance, after its last record.
func (l *loop) finish(i *instance, err error) {
	i.stop(false)
	if err != nil {
		l.fail(fmt.Errorf("read the events of %s: %w", i.target.Name, err))
	}
	if !i.discard {
		l.reportLosses(i)
	}
	for _, fn := range i.handlers.exit {
		if err := l.call(l.script.state, "the callback of on_exit", fn, i.handle); err != nil {
			l.raised(i, l.blame(i, err, nil))
		}
	}
	l.showAggregations(i)
	ran := time.Since(i.started)
	l.watchOnce(i, true)
	l.flush() // before the summary, which may go to the same terminal
	for _, r := range i.routes {
		if r.misfits > 0 {
			l.opts.Notice(fmt.Sprintf("%s: %s of %s fit none of its types and reached no callback",
				i.target.Name, plural(int(r.misfits), "record"), r.stream.Name()))
		}
	}
	if i.discarded > 0 {
		l.opts.Discarded(i.target, i.discarded)
	}
	l.running.ended(i.target.Name, i.kernel)
	l.opts.Ended(i.target, i.kernel.Stats(), ran)
	if i.measures {
		if stats, err := i.kernel.ProgramStats(); err == nil {
			i.measured = stats // scripts may ask later
		}
	}
	if err := i.kernel.Close(); err != nil {
		l.fail(fmt.Errorf("close %s: %w", i.target.Name, err))
	}
	l.instances = slices.DeleteFunc(l.instances, func(other *instance) bool { return other == i })
	l.collectSinks()
}
