package bpf

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Verdicts of Check.
const (
	Verified    = "verified"
	Refused     = "refused"     // by the verifier
	Failed      = "failed"      // not loaded for another reason: the kernel has no such function, type of program, ...
	Alternative = "alternative" // not loaded, as another program for the same probe was
	Unchecked   = "unchecked"   // what it traces is not known, without which the kernel takes no program of its type
)

// Report is what the kernel says of an object.
type Report struct {
	Programs []ProgramReport // in the order of the file
	Maps     []MapReport     // by name, without those that ebpfx adds
}

// ProgramReport is what the kernel says of a program.
type ProgramReport struct {
	Name         string
	Section      string
	Verdict      string
	Instructions int   // of the program and its subprograms
	Processed    int   // by the verifier, on all paths; 0 where the kernel does not tell or refused
	Stack        []int // bytes of the program and each of its subprograms; nil where the kernel does not tell
	Err          error // why it is not verified: a *VerifierError where the verifier refused it
}

// MapReport is what a map takes.
type MapReport struct {
	Name       string
	Type       string
	MaxEntries uint32
	Bytes      uint64 // of memory, when it is created; 0 where the kernel does not tell
}

// OK reports whether the kernel took all programs that it has to.
func (r *Report) OK() bool {
	return !slices.ContainsFunc(r.Programs, func(p ProgramReport) bool { return p.Verdict == Refused || p.Verdict == Failed })
}

// Check loads every program of o as opts.Hooks and its section say, one after the other, attaches none, and frees all. Programs are
// loaded as the object has them, without counting of losses, optional ones too. An error is about what is not one program's:
// maps that cannot be created, missing rights.
func (o *Object) Check(opts LoadOptions) (*Report, error) {
	opts.Notice, opts.Verbose = func(string) {}, func(string) {}
	points, _, err := o.plan(opts.Hooks)
	if err != nil {
		return nil, err
	}
	l, err := newLoader(o, opts)
	if err != nil {
		return nil, err
	}
	defer l.inst.Close()
	probe.RaiseMemlock()
	if err := l.loadMaps(); err != nil {
		return nil, fmt.Errorf("load %s: %w", o.name, err)
	}
	r := &Report{}
	for _, p := range o.programs {
		r.Programs = append(r.Programs, l.checkProgram(p, points))
	}
	r.excuse(groupPoints(points))
	for name := range l.spec.Maps {
		if m := l.inst.maps[name]; m != nil && !isSection(l.spec.Maps[name]) {
			r.Maps = append(r.Maps, reportMap(name, m))
		}
	}
	slices.SortFunc(r.Maps, func(a, b MapReport) int { return strings.Compare(a.Name, b.Name) })
	return r, nil
}

// checkProgram loads a program for each of its points, or as its section says where it has none.
func (l *loader) checkProgram(p Program, points []*point) ProgramReport {
	spec := l.spec.Programs[p.Name]
	r := ProgramReport{Name: p.Name, Section: p.Section, Verdict: Verified, Instructions: int(spec.Instructions.Size() / asm.InstructionSize)}
	own := slices.DeleteFunc(slices.Clone(points), func(at *point) bool { return at.name != p.Name })
	resolved := len(own) > 0
	if !resolved {
		own = []*point{{
			name: p.Name, section: p.Section, where: p.Target, kind: kindNamed(p.Kind), object: l.Object,
			attachTo: spec.AttachTo, programType: spec.Type, attachType: spec.AttachType, flags: spec.Flags,
		}}
	}
	checked := make(map[variant]bool)
	for _, at := range own {
		v := variant{at.name, at.attachTo, at.programType, at.attachType, at.mode, 0}
		if checked[v] {
			continue
		}
		checked[v] = true
		load := loadWithStatistics
		if resolved && at.kind.load != nil {
			load = at.kind.load
		} else if why := uncheckable(at); why != "" {
			r.Verdict, r.Err = Unchecked, errors.New(why)
			return r
		}
		if err := l.checkPoint(at, load, &r); err != nil {
			r.Verdict, r.Err = Failed, err
			var refused *VerifierError
			if errors.As(err, &refused) {
				r.Verdict = Refused
			}
			r.Processed, r.Stack = 0, nil
			return r
		}
	}
	return r
}

// uncheckable says why the kernel cannot be asked about the program of p.
func uncheckable(p *point) string {
	switch p.programType {
	case ebpf.UnspecifiedProgram:
		return "the section does not say which type of program it is"
	case ebpf.StructOps:
		return "struct_ops programs are loaded with the map that lists them"
	case ebpf.Extension:
		return "freplace programs are loaded for a program that runs"
	case ebpf.Tracing, ebpf.LSM:
		if p.attachTo == "" {
			return "the section does not say what it traces; name it with attach_to"
		}
	}
	return ""
}

// checkPoint loads the program as p has it, and notes in r what the kernel tells.
func (l *loader) checkPoint(p *point, load func(*loader, *point, *ebpf.ProgramSpec) (*ebpf.Program, error), r *ProgramReport) error {
	p.instance = l.inst
	spec := l.spec.Programs[p.name].Copy()
	spec.Type, spec.AttachType, spec.Flags, spec.AttachTo = p.programType, p.attachType, p.flags, p.attachTo
	prog, err := load(l, p, spec)
	if err != nil {
		return p.loadFailure(spec, err)
	}
	l.inst.own(p.name, prog)
	processed, stack := readStatistics(prog.VerifierLog)
	if processed == 0 {
		if info, err := prog.Info(); err == nil {
			n, _ := info.VerifiedInstructions()
			processed = int(n)
		}
	}
	r.Processed = max(r.Processed, processed)
	if r.Stack == nil {
		r.Stack = stack
	}
	return nil
}

// loadWithStatistics has the verifier count, and tell why it refuses a program.
func loadWithStatistics(l *loader, _ *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
	prog, err := l.loadSpec(spec, ebpf.ProgramOptions{LogLevel: ebpf.LogLevelStats})
	if err != nil {
		// Statistics alone do not say why. Kernels before 5.2 have none.
		return l.loadSpec(spec, ebpf.ProgramOptions{})
	}
	return prog, nil
}

var (
	processedText = regexp.MustCompile(`(?m)^processed (\d+) insns`)
	stackText     = regexp.MustCompile(`(?m)^stack depth ([\d+]+)`)
)

// readStatistics reads what print_verification_stats of kernel/bpf/verifier.c writes.
func readStatistics(log string) (processed int, stack []int) {
	if m := processedText.FindStringSubmatch(log); m != nil {
		processed, _ = strconv.Atoi(m[1])
	}
	if m := stackText.FindStringSubmatch(log); m != nil {
		for _, text := range strings.Split(m[1], "+") {
			if n, err := strconv.Atoi(text); err == nil {
				stack = append(stack, n)
			}
		}
	}
	return processed, stack
}

// excuse makes programs alternatives that the kernel did not take while it took those of another way to serve the same probe.
func (r *Report) excuse(groups []*group) {
	verdict := make(map[string]*ProgramReport)
	for i := range r.Programs {
		verdict[r.Programs[i].Name] = &r.Programs[i]
	}
	for _, g := range groups {
		served := slices.ContainsFunc(g.ways, func(w *way) bool {
			return !slices.ContainsFunc(w.points, func(p *point) bool { return verdict[p.name].Verdict != Verified })
		})
		if !served || len(g.ways) < 2 {
			continue
		}
		for _, w := range g.ways {
			for _, p := range w.points {
				if v := verdict[p.name]; v.Verdict != Verified {
					v.Verdict = Alternative
				}
			}
		}
	}
}

func reportMap(name string, m *ebpf.Map) MapReport {
	r := MapReport{Name: name, Type: mapTypeName(m.Type()), MaxEntries: m.MaxEntries()}
	if info, err := m.Info(); err == nil {
		r.Bytes, _ = info.Memlock()
	}
	return r
}
