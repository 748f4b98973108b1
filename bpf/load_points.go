package bpf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// variant tells apart the programs that the kernel has of one program of the object.
type variant struct {
	name, attachTo string
	programType    ebpf.ProgramType
	attachType     ebpf.AttachType
	mode           string
	index          int
}

// loadGroups loads the first way of each group whose programs can all be loaded.
func (l *loader) loadGroups(points []*point) error {
	l.inst.points = points
	for _, p := range points {
		p.instance = l.inst
	}
	groups, leftOut := without(groupPoints(points), l.hooked(points))
	if len(leftOut) > 0 {
		l.opts.Verbose(fmt.Sprintf("left out %s: attach_to names an alternative", strings.Join(leftOut, ", ")))
	}
	l.inst.groups = groups
	for _, g := range groups {
		for _, w := range g.ways {
			err := l.loadWay(w)
			if err == nil {
				break
			}
			if w.points[0].hook || len(points) == 1 {
				return err
			}
		}
	}
	if len(points) > 0 && len(l.inst.owned) == 0 {
		return notAttached(l.inst.unserved())
	}
	l.loadUnattached()
	return nil
}

// hooked returns the ways that programs would serve if no hook said otherwise.
func (l *loader) hooked(points []*point) []*way {
	var ways []*way
	for _, p := range points {
		if program, ok := l.program(p.name); ok && p.hook {
			if at, err := l.sectionPoint(program); err == nil {
				ways = append(ways, newWay(at))
			}
		}
	}
	return ways
}

// loadWay loads the programs of w, and returns the first error, which names the program. Each is told by the failures of w.
func (l *loader) loadWay(w *way) error {
	var first error
	for _, p := range w.points {
		if p.program != nil {
			continue
		}
		if err := l.loadPoint(p); err != nil {
			p.failure = p.fail(err)
			if first == nil {
				first = loading(p.name, err)
			}
		}
	}
	return first
}

// loadPoint loads the program of p. Points that want the same program share it.
func (l *loader) loadPoint(p *point) error {
	v := variant{p.name, p.attachTo, p.programType, p.attachType, p.mode, 0}
	if p.mode == "offload" {
		v.index = p.index
	}
	if p.program = l.loaded[v]; p.program != nil {
		return nil
	}
	spec := l.spec.Programs[p.name].Copy()
	spec.Type, spec.AttachType, spec.Flags, spec.AttachTo = p.programType, p.attachType, p.flags, p.attachTo
	if err := l.ksyms.link(spec); err != nil {
		return err
	}
	if l.inst.generation > 0 && p.gateable() {
		if prog, err := l.loadCounting(l.withGate(spec), quietly(l.loadSpec)); err == nil {
			l.inst.gated[prog] = true
			l.loaded[v], p.program = prog, prog
			l.inst.own(p.name, prog)
			return nil
		}
		// Errors are better read without our instructions in the program.
	}
	load := p.kind.load
	if load == nil {
		load = func(l *loader, _ *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) { return l.loadProgram(spec) }
	}
	prog, err := load(l, p, spec)
	if err != nil {
		return p.loadFailure(spec, err)
	}
	l.loaded[v], p.program = prog, prog
	l.inst.own(p.name, prog)
	return nil
}

// loadUnattached loads the programs that nothing attaches but that may be called or run: targets of tail calls, which thereby
// are no longer skipped, and those of sections that the attach table does not have, such as syscall.
func (l *loader) loadUnattached() {
	called := l.tailCalled()
	var skipped []*AttachError
	for _, e := range l.inst.skipped {
		spec := l.spec.Programs[e.Program].Copy()
		k, _ := splitSection(spec.SectionName)
		wanted := called[e.Program] || k == nil
		if !wanted || spec.Type == ebpf.UnspecifiedProgram || k == structOpsKind || k == freplaceKind ||
			slices.ContainsFunc(l.inst.points, func(p *point) bool { return p.name == e.Program }) {
			skipped = append(skipped, e)
			continue
		}
		err := l.ksyms.link(spec)
		var prog *ebpf.Program
		if err == nil {
			prog, err = l.loadProgram(spec)
		}
		if err != nil {
			at := &point{name: e.Program, section: spec.SectionName}
			skipped = append(skipped, at.fail(at.loadFailure(spec, err)))
			continue
		}
		l.inst.own(e.Program, prog)
		if !called[e.Program] {
			skipped = append(skipped, e)
		}
	}
	l.inst.skipped = skipped
}

// tailCalled returns the programs that maps of the object name as targets of tail calls.
func (l *loader) tailCalled() map[string]bool {
	called := make(map[string]bool)
	for _, m := range l.spec.Maps {
		for _, kv := range m.Contents {
			if name, ok := kv.Value.(string); ok && m.Type == ebpf.ProgramArray {
				called[name] = true
			}
		}
	}
	return called
}
