package bpf

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// plan decides where every program of o goes: where a Hook says, or else where its section does. What cannot be
// attached whatever the kernel says is in skipped, unless a Hook asked for it, which is the error. So is an object of maps alone: it
// can be opened, as with libbpf, but nothing would fill them.
func (o *Object) plan(hooks []Hook) (points []*point, skipped []*AttachError, err error) {
	if len(o.programs) == 0 {
		return nil, nil, fmt.Errorf("load %s: it holds no program", o.name)
	}
	hooked := make(map[string]bool)
	for _, h := range hooks {
		p, err := o.hookPoint(h)
		if err != nil {
			return nil, nil, err
		}
		hooked[h.Program] = true
		points = append(points, p)
	}
	for _, program := range o.programs {
		if hooked[program.Name] {
			continue
		}
		p, attachErr := o.sectionPoint(program)
		if attachErr != nil {
			skipped = append(skipped, attachErr)
			continue
		}
		points = append(points, p)
	}
	return points, skipped, nil
}

func (o *Object) hookPoint(h Hook) (*point, error) {
	p := &point{
		name: h.Program, object: o, hook: true, where: h.Where,
		binary: h.Binary, pid: h.PID, offset: h.Offset, cookie: h.Cookie,
		cpu: h.CPU, mode: h.Mode, priority: h.Priority, mapName: h.Map, cgroup: h.Cgroup, order: h.Order,
	}
	program, ok := o.program(h.Program)
	if !ok {
		var names []string
		for _, q := range o.programs {
			names = append(names, q.Name)
		}
		e := p.fail(fmt.Errorf("no program named %q (there is: %s)", h.Program, near.List(names, "and")))
		return nil, e
	}
	p.section = program.Section
	name := h.Kind
	if name == "" || name == "auto" {
		name = program.Kind
		if name == "" {
			return nil, p.fail(unknownSection(program.Section, o.spec.Programs[program.Name].Type))
		}
	}
	if h.Retprobe {
		returning, ok := returnKinds[name]
		if !ok {
			return nil, p.fail(fmt.Errorf("retprobe is for kprobe and uprobe, not for %s", name))
		}
		name = returning
	}
	if p.kind = kindNamed(name); p.kind == nil {
		return nil, p.fail(fmt.Errorf("no way to attach is named %q (there is: %s)", name, near.List(Kinds(), "and")))
	}
	if err := p.kind.check(h); err != nil {
		return nil, p.fail(err)
	}
	if h.Where == "" {
		return nil, p.fail(fmt.Errorf("the target is empty; %s", p.advice()))
	}
	if err := o.resolve(p); err != nil {
		return nil, p.fail(err)
	}
	return p, nil
}

// returnKinds are the kinds that run when a function returns.
var returnKinds = map[string]string{
	"kprobe": "kretprobe", "kretprobe": "kretprobe",
	"kprobe.multi": "kretprobe.multi", "kretprobe.multi": "kretprobe.multi",
	"ksyscall": "kretsyscall", "kretsyscall": "kretsyscall",
	"uprobe": "uretprobe", "uretprobe": "uretprobe",
	"uprobe.multi": "uretprobe.multi", "uretprobe.multi": "uretprobe.multi",
}

func (o *Object) sectionPoint(program Program) (*point, *AttachError) {
	p := &point{name: program.Name, object: o, section: program.Section, where: program.Target, kind: kindNamed(program.Kind)}
	if p.kind == nil {
		t := o.spec.Programs[program.Name].Type
		err := unknownSection(program.Section, t)
		if t != ebpf.UnspecifiedProgram {
			err = &passive{err}
		}
		return nil, p.fail(err)
	}
	if strings.HasPrefix(program.Section, optionalMark) {
		return nil, p.fail(&passive{&predicate{"is optional; " + p.advice() + " to have it"}})
	}
	if p.where == "" && !p.kind.untargeted {
		return nil, p.fail(&passive{&predicate{"names no target; " + p.advice()}})
	}
	if err := o.resolve(p); err != nil {
		return nil, p.fail(err)
	}
	return p, nil
}

// resolve checks the target of p, and chooses what its program is loaded as: what the section says when that is of p's
// kind, and what the kind says for programs of other sections.
func (o *Object) resolve(p *point) error {
	spec := o.spec.Programs[p.name]
	k, _ := splitSection(spec.SectionName)
	switch {
	case k == p.kind && spec.Type != ebpf.UnspecifiedProgram:
		p.programType, p.attachType, p.flags = spec.Type, spec.AttachType, spec.Flags
	case p.kind.programType == ebpf.UnspecifiedProgram:
		return fmt.Errorf("its section %s does not say which sort of %s program it is", spec.SectionName, p.kind.name)
	default:
		p.programType, p.attachType = p.kind.programType, p.kind.attachType
		if k == p.kind && isSleepable(spec.SectionName) {
			p.flags = unix.BPF_F_SLEEPABLE
		}
	}
	return p.kind.resolve(p)
}

// isSleepable reports whether a section asks for a program that may wait, as cilium/ebpf reads of sections that it knows.
func isSleepable(section string) bool {
	base, _, _ := strings.Cut(section, "/")
	return strings.HasSuffix(base, ".s")
}
