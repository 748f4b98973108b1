package luart

import (
	"context"
	"slices"
	"sync"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
)

// Running is a run in progress. Its methods may be called from any goroutine.
//
// A run of a later version of the script, with RunOptions.Replace, takes over targets from it. It first builds and loads all targets that both have, while this one
// runs on untouched; then it calls its entry. When entry waits for the first time or returns, and on_load was called for each target that it started, these replace those of this run, all of
// them in one moment. What goes wrong until then is the later run's error, and changes nothing. Once the later run is Settled this one is to be cancelled, which detaches what nobody took over.
type Running struct {
	mu      sync.Mutex // guards what follows
	kernels map[string]*bpf.Instance
	took    bool

	project *builder.Project
	settled chan struct{}
	done    chan struct{}
	err     error // once done is closed
}

// Start begins what Run does, and returns at once.
func (s *Script) Start(ctx context.Context, args []string, opts RunOptions) *Running {
	r := &Running{kernels: make(map[string]*bpf.Instance), project: s.project, settled: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = s.run(ctx, args, opts, r)
	}()
	return r
}

// Settled is closed when the run has started what it starts at once. It is not where the run ends before.
func (r *Running) Settled() <-chan struct{} { return r.settled }

// Done is closed when the run has ended. Then Err returns what Run does.
func (r *Running) Done() <-chan struct{} { return r.done }

// Err returns the error of a run that is Done.
func (r *Running) Err() error {
	<-r.done
	return r.err
}

// TookOver reports whether a target of the earlier run was replaced.
func (r *Running) TookOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.took
}

// Targets returns the names of the targets that run, sorted.
func (r *Running) Targets() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for name := range r.kernels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// kernel returns what runs of a target, or nil.
func (r *Running) kernel(target string) *bpf.Instance {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kernels[target]
}

// began and ended note what runs of a target.
func (r *Running) began(target string, kernel *bpf.Instance) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kernels[target] = kernel
	r.took = r.took || kernel.Takeover() != nil
}

func (r *Running) ended(target string, kernel *bpf.Instance) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kernels[target] == kernel { // it may have been started again
		delete(r.kernels, target)
	}
}

// prepare loads the targets that the earlier run has, and those that are started without an entry, and then calls next. The run fails
// where one of them cannot be loaded.
func (l *loop) prepare(args []string, next func()) {
	wanted := l.toPrepare(args)
	if len(wanted) == 0 {
		next()
		return
	}
	l.preparing = true
	go func() {
		var failure error
		for _, la := range wanted {
			if failure = l.load(la); failure != nil {
				break
			}
		}
		l.posted <- func() {
			l.preparing = false
			for _, la := range wanted {
				if la.kernel != nil {
					l.prepared = append(l.prepared, la)
				}
			}
			switch {
			case l.ending:
			case failure != nil:
				l.fail(failure)
			default:
				next()
			}
		}
	}()
}

// toPrepare returns launches of the targets that can be told to start.
func (l *loop) toPrepare(args []string) []*launch {
	if l.opts.Replace == nil {
		return nil
	}
	var targets []*builder.Target
	for _, name := range l.opts.Replace.Targets() {
		if t := l.script.project.Target(name); t != nil {
			targets = append(targets, t)
		}
	}
	if l.script.entry == nil {
		named, err := l.script.targetsOf(args)
		if err == nil { // else start says so
			targets = append(targets, named...)
		}
	}
	var wanted []*launch
	for _, t := range targets {
		if !slices.ContainsFunc(wanted, func(la *launch) bool { return la.target == t }) {
			wanted = append(wanted, &launch{target: t, held: true})
		}
	}
	return wanted
}

// takePrepared returns the launch of a target that was loaded before, or a new one.
func (l *loop) takePrepared(t *builder.Target) *launch {
	i := slices.IndexFunc(l.prepared, func(la *launch) bool { return la.target == t })
	if i < 0 {
		return &launch{target: t}
	}
	la := l.prepared[i]
	l.prepared = slices.Delete(l.prepared, i, i+1)
	return la
}

// discardPrepared frees what was loaded and never started.
func (l *loop) discardPrepared() {
	for _, la := range l.prepared {
		_ = la.kernel.Close() // it never ran
	}
	l.prepared = nil
}
