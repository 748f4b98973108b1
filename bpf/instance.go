package bpf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Instance is an object in the kernel. It owns file descriptors alone, so that the kernel
// frees everything when the process ends, in whatever way. Its methods may be called from any goroutine.
type Instance struct {
	object  *Object
	verbose func(string)
	text    io.Writer
	maps    map[string]*ebpf.Map
	// definitions are what maps were made by: the object may change.
	definitions map[string]*ebpf.MapSpec
	takeover    *Takeover                // nil where nothing is replaced
	generation  uint32                   // whose turn it has to be; 0: nobody asks
	gated       map[*ebpf.Program]bool   // that ask
	programs    map[string]*ebpf.Program // by name; the first where there are several of a name
	globals     map[string]*ebpf.Variable
	owned       []*ebpf.Program
	tables      map[string]*structOpsTable
	loader      *loader  // nil once attached
	points      []*point // all, also those of ways that are not taken
	groups      []*group
	skipped     []*AttachError // what has no place to be attached
	specs       *usdtSpecs     // nil until a program is attached to usdt probes
	relief      *relief        // nil, save while Attach runs

	streams   []*Stream
	losses    *lossCounters // nil when no program sends anything
	lossKnown bool

	mu        sync.Mutex // guards what follows
	links     []io.Closer
	iters     []iterator // of links
	ran       bool       // programs that run once
	stopped   bool
	started   bool
	closed    bool
	final     []uint64                // counts of losses once the maps are gone
	inner     map[ebpf.MapID]*Map     // maps that were taken out of maps of maps
	producers map[*ebpf.Map]*producer // of rings that were written to
	running   io.Closer               // has the kernel measure programs; nil until somebody asks

	detached  chan struct{}  // closed when Stop has detached the programs
	closing   chan struct{}  // closed by Close
	reading   sync.WaitGroup // readers of streams and iterators
	finishing sync.WaitGroup // who detaches, and who waits for the readers and sends the last Batch
	err       error          // why reading ended early; settled when all of these have ended
	errOnce   sync.Once
}

func newInstance(o *Object, opts LoadOptions) *Instance {
	i := &Instance{
		object:   o,
		verbose:  opts.Verbose,
		programs: make(map[string]*ebpf.Program),
		gated:    make(map[*ebpf.Program]bool),
		tables:   make(map[string]*structOpsTable),
		text:     opts.Text,
		detached: make(chan struct{}),
		closing:  make(chan struct{}),
	}
	for _, info := range o.streams {
		c := *info
		i.streams = append(i.streams, &Stream{Info: &c, discriminator: findDiscriminator(c.Types), instance: i, ended: make(chan struct{})})
	}
	return i
}

func (i *Instance) own(name string, prog *ebpf.Program) {
	i.owned = append(i.owned, prog)
	if i.programs[name] == nil {
		i.programs[name] = prog
	}
}

// disown frees the program of p, which nothing shares.
func (i *Instance) disown(p *point) {
	i.owned = slices.DeleteFunc(i.owned, func(prog *ebpf.Program) bool { return prog == p.program })
	if i.programs[p.name] == p.program {
		delete(i.programs, p.name)
	}
	_ = p.program.Close() // a descriptor that was not written to
	p.program = nil
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
	for _, t := range i.tables {
		err = errors.Join(err, t.Close())
	}
	for _, p := range i.producers {
		err = errors.Join(err, p.Close())
	}
	for _, m := range i.maps {
		err = errors.Join(err, m.Close())
	}
	for _, m := range i.inner {
		err = errors.Join(err, m.kernel.Close())
	}
	if i.running != nil {
		err = errors.Join(err, i.running.Close())
	}
	return err
}
