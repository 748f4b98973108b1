package luart

import (
	"fmt"
	"slices"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
)

// A run that takes over from another holds the targets that it starts: they are loaded, most of their programs are attached behind closed gates, and
// on_load was called, but they see no event and nothing of theirs is read. When all that starts at once is started they take over together. An error
// before that ends this run, and the other one has noticed nothing.

// holds reports whether what is started now is held.
func (l *loop) holds() bool { return l.opts.Replace != nil && !l.settled }

// settle has what is held take over, when all that starts at once is started, and tells so. Where the run ends before that, it ends what is held.
func (l *loop) settle() {
	if l.running == nil || l.settled || l.preparing || len(l.launching) > 0 {
		return
	}
	if !l.ending {
		if err := l.takeOver(); err != nil {
			l.fail(err)
		}
	}
	if l.ending {
		l.dropHeld()
		return
	}
	l.settled = true
	l.discardPrepared()
	close(l.running.settled)
}

// takeOver has all that is held take over and begins to read from it. After an error all is held as before.
func (l *loop) takeOver() error {
	if len(l.held) == 0 {
		return nil
	}
	var taking []*bpf.Instance
	for _, la := range l.held {
		la.notices = nil // these were told
		if la.replaces && !la.instance.stopped {
			taking = append(taking, la.instance.kernel)
		}
	}
	failed, err := bpf.TakeOver(taking...)
	for _, la := range l.held {
		for _, text := range la.notices {
			l.opts.Notice(la.target.Name + ": " + text)
		}
	}
	if err != nil {
		t := l.held[slices.IndexFunc(l.held, func(la *launch) bool { return la.instance.kernel == failed })].target
		return atHook(t, fmt.Errorf("run %s: %w", t.Name, err))
	}
	held := l.held
	l.held = nil
	for _, la := range held {
		i := la.instance
		if !i.stopped {
			l.running.began(la.target.Name, i.kernel)
		}
		if how := i.kernel.Takeover(); how != nil {
			for _, s := range how.Skipped {
				l.opts.Notice(la.target.Name + ": " + s.Error())
			}
			l.opts.TookOver(la.target, la.was, how)
		}
		if err := l.read(i); err != nil {
			l.fail(err) // too late to change nothing
		}
	}
	return nil
}

// dropHeld ends what is held, without a word where it does not end of its own will.
func (l *loop) dropHeld() {
	held := l.held
	l.held = nil
	for _, la := range held {
		if l.err == nil && l.exitCode == 0 && l.outer.Err() == nil {
			l.finish(la.instance, nil)
		} else {
			l.abandon(la.instance)
		}
	}
}

// predecessor returns what t takes over from and its name: the target of that name, or one that was renamed to it, which is another
// name for the same files. nil where neither runs.
func (l *loop) predecessor(t *builder.Target) (kernel *bpf.Instance, name string) {
	old := l.opts.Replace
	if kernel := old.kernel(t.Name); kernel != nil {
		return kernel, t.Name
	}
	sameFiles := func(other *builder.Target) bool {
		return slices.EqualFunc(t.Files, other.Files, func(a, b builder.Files) bool { return a.Dir == b.Dir && a.Pattern == b.Pattern })
	}
	only := func(in, not *builder.Project) *builder.Target {
		var found []*builder.Target
		for _, other := range in.Targets {
			if not.Target(other.Name) == nil && sameFiles(other) {
				found = append(found, other)
			}
		}
		if len(found) != 1 {
			return nil
		}
		return found[0]
	}
	now := l.script.project
	was := only(old.project, now)
	if was == nil || only(now, old.project) != t {
		return nil, ""
	}
	return old.kernel(was.Name), was.Name
}
