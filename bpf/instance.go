package bpf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Instance is an object in the kernel. It owns file descriptors alone, so that the kernel
// frees everything when the process ends, in whatever way. Its methods may be called from any goroutine.
type Instance struct {
	verbose  func(string)
	text     io.Writer
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program // by name; the first where there are several of a name
	owned    []*ebpf.Program
	points   []*point
	skipped  []*AttachError

	streams   []*Stream
	losses    *lossCounters // nil when no program sends anything
	lossKnown bool

	mu      sync.Mutex // guards what follows
	links   []io.Closer
	iters   []*link.Iter // of links
	stopped bool
	started bool
	closed  bool
	final   []uint64 // counts of losses once the maps are gone

	detached  chan struct{}  // closed when Stop has detached the programs
	closing   chan struct{}  // closed by Close
	reading   sync.WaitGroup // readers of streams and iterators
	finishing sync.WaitGroup // who detaches, and who waits for the readers and sends the last Batch
	err       error          // why reading ended early; settled when all of these have ended
	errOnce   sync.Once
}

func newInstance(o *Object, opts LoadOptions) *Instance {
	i := &Instance{
		verbose:  opts.Verbose,
		programs: make(map[string]*ebpf.Program),
		text:     opts.Text,
		detached: make(chan struct{}),
		closing:  make(chan struct{}),
	}
	for _, info := range o.streams {
		c := *info
		i.streams = append(i.streams, &Stream{Info: &c, instance: i})
	}
	return i
}

func (i *Instance) own(name string, prog *ebpf.Program) {
	i.owned = append(i.owned, prog)
	if i.programs[name] == nil {
		i.programs[name] = prog
	}
}

// Attach attaches every program: those that a Hook names where it says, the others as their section says.
// A hook that cannot be served is an *AttachError and nothing stays attached; of
// the other programs those that cannot attach are left out and returned, unless none attaches, which is an error.
// Programs that Load left out are among those returned.
func (i *Instance) Attach() (attached []Attached, skipped []*AttachError, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil, nil, errors.New("attach: the instance is stopped")
	}
	defer func() {
		if err != nil {
			_ = closers(i.links).Close()
			i.links, i.iters = nil, nil
		}
	}()
	skipped = slices.Clone(i.skipped)
	i.mountTracefs()
	for _, p := range i.points {
		l, err := p.kind.attach(p.program, p)
		if err != nil {
			if lacks := lacking(p.programType, err); lacks != nil {
				err = lacks
			}
			failure := p.fail(err)
			if p.hook {
				return nil, nil, failure
			}
			skipped = append(skipped, failure)
			continue
		}
		i.links = append(i.links, l)
		if iter, ok := l.(*link.Iter); ok {
			i.iters = append(i.iters, iter)
		}
		attached = append(attached, Attached{Program: p.name, Kind: p.kind.name, Where: p.where})
	}
	if len(attached) == 0 && len(skipped) > 0 {
		return nil, nil, errors.Join(asErrors(skipped)...)
	}
	return attached, skipped, nil
}

// mountTracefs makes tracefs available to those who read it. It must come before anything of cilium/ebpf looks for
// tracefs, since that remembers that there was none.
func (i *Instance) mountTracefs() {
	if !slices.ContainsFunc(i.points, func(p *point) bool { return p.kind.tracefs }) {
		return
	}
	path, mounted, err := probe.MountTracefs()
	switch {
	case err != nil:
		i.verbose(fmt.Sprintf("tracefs: %v", err))
	case mounted:
		i.verbose("tracefs was not mounted; mounted it at " + path)
	}
}

// Stop has all programs detached and returns at once. When they are, the readers deliver what is in the rings, and then
// a Batch with End is sent. It may be called more than once; only the first has an effect.
func (i *Instance) Stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return
	}
	i.stopped = true
	links := closers(i.links)
	i.links, i.iters = nil, nil
	// For some kinds the kernel takes its time, some 50 ms for each tracepoint.
	i.finishing.Go(func() {
		if err := links.Close(); err != nil {
			i.fail(fmt.Errorf("detach: %w", err))
		}
		close(i.detached)
	})
}

// quiesce waits until no program that was attached still runs: detaching does not. Programs run inside of RCU read-side sections, and
// this command of membarrier waits for all of those to end. Without it the wait is skipped.
func quiesce() {
	const global = 1 // MEMBARRIER_CMD_GLOBAL
	_, _, _ = unix.Syscall(unix.SYS_MEMBARRIER, global, 0, 0)
}

// fail notes the first error of a reader.
func (i *Instance) fail(err error) { i.errOnce.Do(func() { i.err = err }) }

// Close stops without delivering anything more and frees all that the instance holds. It waits for the readers to end.
// It may be called more than once.
func (i *Instance) Close() error {
	i.Stop()
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return nil
	}
	i.closed = true
	i.mu.Unlock()
	close(i.closing)

	var err error
	for _, s := range i.streams {
		err = errors.Join(err, s.close())
	}
	i.reading.Wait()
	i.finishing.Wait()
	final := i.lost()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.final = final
	for _, p := range i.owned {
		err = errors.Join(err, p.Close())
	}
	for _, m := range i.maps {
		err = errors.Join(err, m.Close())
	}
	return err
}
