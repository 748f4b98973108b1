package bpf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf/link"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Attach attaches every program: those that a Hook names where it says, the others as their section says.
// A hook that cannot be served is an *AttachError and nothing stays attached; of
// the other programs those that cannot attach are left out and returned, unless none attaches, or LoadOptions.Strict is set, which is an
// error. Programs that Load left out are among those returned.
//
// Programs on the same function or tracepoint by different kinds are alternatives: of fentry, tp_btf, raw tracepoint, tracepoint
// and kprobe the first is kept whose programs load and attach, so that no event comes twice. So are programs on functions that
// replaced each other as the kernel went on: mark_page_accessed and folio_mark_accessed. What is left out for another
// is not among those returned.
//
// See LoadOptions.Replace for an instance that takes over from another.
func (i *Instance) Attach() (attached []Attached, skipped []*AttachError, err error) {
	i.mu.Lock()
	if err := i.attachable(); err != nil {
		i.mu.Unlock()
		return nil, nil, err
	}
	if i.loader.opts.Replace != nil {
		i.mu.Unlock()
		if _, err := TakeOver(i); err != nil {
			return nil, nil, err
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		return i.attached(), i.takeover.Skipped, nil
	}
	defer i.mu.Unlock()
	defer func() { i.loader = nil }()
	i.mountTracefs()
	return i.attachAll()
}

// attachAll attaches all groups, or nothing.
func (i *Instance) attachAll() (attached []Attached, skipped []*AttachError, err error) {
	// Programs that cannot be attached beside those that they replace come late, to keep the gap short.
	for turn := range 3 {
		for _, g := range i.groups {
			if g.staged || i.turn(g) != turn {
				continue
			}
			if failure := i.serve(g); failure != nil {
				i.detachAll()
				return nil, nil, failure
			}
		}
	}
	i.lossKnown = i.loader.counted
	i.noteLinks()
	attached = i.attached()
	skipped = i.unserved()
	failed := slices.ContainsFunc(skipped, func(e *AttachError) bool {
		var p *passive
		return !errors.As(e.Err, &p)
	})
	if len(skipped) > 0 && (len(attached) == 0 || i.loader.opts.Strict && failed) {
		i.detachAll()
		return nil, nil, notAttached(skipped)
	}
	return attached, skipped, nil
}

// noteLinks notes what Stop closes and Start reads.
func (i *Instance) noteLinks() {
	i.links, i.iters = nil, nil
	for _, p := range i.points {
		switch {
		case p.link == nil:
			continue
		case p.kind.once:
			i.ran = true
		default:
			i.links = append(i.links, p.link)
		}
		if iter, ok := p.link.(*link.Iter); ok {
			i.iters = append(i.iters, iterator{iter, i.streamOf(p.name)})
		}
	}
}

// attached returns what is attached, in the order of the points.
func (i *Instance) attached() (all []Attached) {
	for _, p := range i.points {
		if p.link != nil {
			all = append(all, Attached{Program: p.name, Kind: p.kind.name, Where: p.where})
		}
	}
	return all
}

// turn tells when g is to be attached: 0 first, 2 last.
func (i *Instance) turn(g *group) int {
	first := g.ways[0].points[0]
	switch {
	case first.kind.once:
		return 2
	case i.relief != nil && !i.gated[first.program]:
		return 1
	}
	return 0
}

// serve attaches g in the first way in which all of its programs attach, or else in that in which most do. The error is that
// of a hook.
func (i *Instance) serve(g *group) *AttachError {
	var best *way
	most := 0
	for _, w := range g.ways {
		n := i.loadRest(w)
		if n == len(w.points) || len(g.ways) == 1 {
			n = i.attachWay(w)
		} // else it would be taken off again, and what it sent until then would come beside what the next way sends
		if w.points[0].hook && n < len(w.points) {
			return w.failures()[0]
		}
		if n == len(w.points) {
			i.leaveOut(g, w)
			return nil
		}
		if n > most {
			best, most = w, n
		}
		if len(g.ways) > 1 {
			w.detach()
		}
	}
	if best != nil && len(g.ways) > 1 {
		i.attachWay(best)
		i.leaveOut(g, best)
	}
	return nil
}

// loadRest loads the programs of w of which that was not tried, and returns how many are loaded.
func (i *Instance) loadRest(w *way) int {
	n := 0
	for _, p := range w.points {
		if p.program == nil && p.failure == nil {
			if err := i.loader.loadPoint(p); err != nil {
				p.failure = p.fail(err)
			}
		}
		if p.program != nil {
			n++
		}
	}
	return n
}

// attachWay attaches the programs of w that are loaded, and returns how many it could.
func (i *Instance) attachWay(w *way) int {
	n := 0
	for _, p := range w.points {
		if p.program == nil {
			continue
		}
		l, ok := i.relief.inherit(p)
		var err error
		if !ok && !i.gated[p.program] {
			err = i.relief.makeRoom(i, p)
		}
		if !ok && err == nil {
			l, err = p.attach()
		}
		if err != nil {
			if lacks := lacking(p.programType, err); lacks != nil {
				err = lacks
			}
			p.failure = p.fail(err)
			continue
		}
		p.link, p.failure = l, nil
		n++
	}
	return n
}

// leaveOut frees the programs of the ways of g other than taken. Their failures are none of the group any more.
func (i *Instance) leaveOut(g *group, taken *way) {
	var names []string
	for _, w := range g.ways {
		if w == taken {
			continue
		}
		names = append(names, w.programs()...)
		for _, p := range w.points {
			if p.program != nil {
				i.disown(p)
			}
		}
	}
	g.ways = []*way{taken}
	if len(names) > 0 {
		i.verbose(fmt.Sprintf("left out %s: %s has the same events", strings.Join(names, ", "), strings.Join(taken.programs(), ", ")))
	}
}

// detach undoes attachWay. A link that does not close is an error of nobody: the next way is tried in any case.
func (w *way) detach() {
	for _, p := range w.points {
		if p.link != nil {
			_ = p.link.Close()
			p.link = nil
		}
	}
}

// detachAll detaches everything after an error.
func (i *Instance) detachAll() {
	i.relief.giveBack()
	for _, g := range i.groups {
		for _, w := range g.ways {
			w.detach()
		}
	}
	i.links, i.iters = nil, nil
}

// unserved returns why programs are not loaded or attached, in the order of the object for those that have a place to be attached.
func (i *Instance) unserved() []*AttachError {
	all := slices.Clone(i.skipped)
	for _, g := range i.groups {
		all = append(all, g.unserved()...)
	}
	return all
}

// Refused returns the programs that the verifier refused and whose probes nothing else serves. It is for use before Attach, which returns
// these among others.
func (i *Instance) Refused() []*AttachError {
	var all []*AttachError
	for _, e := range i.unserved() {
		var refusal *VerifierError
		if errors.As(e, &refusal) {
			all = append(all, e)
		}
	}
	return all
}

// mountTracefs makes tracefs available to those who read it. It must come before anything of cilium/ebpf looks for
// tracefs, since that remembers that there was none.
func (i *Instance) mountTracefs() {
	if !slices.ContainsFunc(i.points, func(p *point) bool { return p.kind.tracefs || p.many }) {
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
