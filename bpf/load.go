package bpf

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// LoadOptions tell Load how to work.
type LoadOptions struct {
	// Hooks are explicit attach points. Their kinds decide types of programs, so
	// that they must be known when the programs are loaded.
	Hooks []Hook
	// Notice is told what a user may want to know, a sentence each: a type that was guessed, losses that cannot be
	// counted. Programs that are left out are not among it: Attach returns them. nil: silent.
	Notice func(text string)
	// Verbose is told what is done beside the obvious, such as mounting tracefs. nil: silent.
	Verbose func(text string)
	// Text takes what iterators print, from one goroutine. nil: it is thrown away.
	Text io.Writer
}

// loader carries what loading one object needs.
type loader struct {
	*Object
	opts    LoadOptions
	inst    *Instance
	maps    map[string]*ebpf.MapSpec // as created
	counted bool                     // so far every program that sends records counts what it loses
}

// Load loads the programs and maps of o. A verifier's refusal is a *VerifierError. A program that cannot be loaded and that no Hook
// names is left out when there are others, and Attach tells so. An object may be
// loaded more than once.
func (o *Object) Load(opts LoadOptions) (_ *Instance, err error) {
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	if opts.Verbose == nil {
		opts.Verbose = func(string) {}
	}
	points, skipped, err := o.plan(opts.Hooks)
	if err != nil {
		return nil, err
	}
	for _, n := range o.notices {
		opts.Notice(n)
	}
	l := &loader{Object: o, opts: opts, inst: newInstance(o, opts), counted: true}
	defer func() {
		if err != nil {
			l.inst.Close()
		}
	}()
	probe.RaiseMemlock()
	if err := l.loadMaps(); err != nil {
		return nil, fmt.Errorf("load %s: %w", o.name, err)
	}
	if err := l.loadPoints(points, skipped); err != nil {
		return nil, err
	}
	if err := l.fillProgramArrays(); err != nil {
		return nil, fmt.Errorf("load %s: %w", o.name, err)
	}
	l.inst.lossKnown = l.counted
	if err := l.inst.openStreams(); err != nil {
		return nil, fmt.Errorf("load %s: %w", o.name, err)
	}
	return l.inst, nil
}

// pinPath is where maps lie that C code wants pinned by their names, as libbpf has it.
const pinPath = "/sys/fs/bpf"

// loadMaps creates the maps alone, for all programs to share.
func (l *loader) loadMaps() error {
	l.maps = make(map[string]*ebpf.MapSpec)
	for name, m := range l.spec.Maps {
		if m.Type == ebpf.StructOpsMap {
			continue
		}
		if m.Type == ebpf.ProgramArray && len(m.Contents) > 0 {
			m = m.Copy()
			m.Contents = nil // until the programs are loaded
		}
		if m.Type == ebpf.RingBuf && m.MaxEntries == 0 {
			return fmt.Errorf("ring buffer %s has no size; give it one with __uint(max_entries, 256 * 1024)", name)
		}
		l.maps[name] = m
	}
	if len(l.streams) > 0 {
		l.maps[counterMap] = counterSpec(len(l.streams))
	}
	collection, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps:      l.maps,
		Variables: l.spec.Variables,
		Types:     l.spec.Types,
		ByteOrder: l.spec.ByteOrder,
	}, ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: pinPath}, Cache: kernelTypes})
	if err != nil {
		return l.explainMap(err)
	}
	l.inst.maps = collection.Maps
	collection.Maps = nil
	collection.Close()
	return nil
}

// loadPoints loads a program for each point. Points that want the same program share it.
func (l *loader) loadPoints(points []*point, skipped []*AttachError) error {
	type variant struct {
		name, attachTo string
		programType    ebpf.ProgramType
		attachType     ebpf.AttachType
	}
	loaded := make(map[variant]*ebpf.Program)
	for _, p := range points {
		v := variant{p.name, p.attachTo, p.programType, p.attachType}
		if p.program = loaded[v]; p.program != nil {
			l.inst.points = append(l.inst.points, p)
			continue
		}
		spec := l.spec.Programs[p.name].Copy()
		spec.Type, spec.AttachType, spec.Flags, spec.AttachTo = p.programType, p.attachType, p.flags, p.attachTo
		prog, err := l.loadProgram(spec)
		if err != nil {
			failure := p.loadFailure(spec, err)
			if p.hook || len(points) == 1 {
				return loading(p.name, failure)
			}
			skipped = append(skipped, p.fail(failure))
			continue
		}
		loaded[v], p.program = prog, prog
		l.inst.own(p.name, prog)
		l.inst.points = append(l.inst.points, p)
	}
	l.inst.skipped = skipped
	if len(points) > 0 && len(l.inst.points) == 0 {
		return errors.Join(asErrors(skipped)...)
	}
	l.loadUnattached(points)
	return nil
}

// loadUnattached loads the programs that nothing attaches but that may be called or run: targets of tail calls, which thereby
// are no longer skipped, and those of sections that the attach table does not have, such as syscall.
func (l *loader) loadUnattached(tried []*point) {
	called := l.tailCalled()
	var skipped []*AttachError
	for _, e := range l.inst.skipped {
		spec := l.spec.Programs[e.Program].Copy()
		k, _ := splitSection(spec.SectionName)
		wanted := called[e.Program] || k == nil
		if !wanted || spec.Type == ebpf.UnspecifiedProgram || spec.Type == ebpf.StructOps || spec.Type == ebpf.Extension ||
			slices.ContainsFunc(tried, func(p *point) bool { return p.name == e.Program }) {
			skipped = append(skipped, e)
			continue
		}
		prog, err := l.loadProgram(spec)
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

// loadProgram loads spec with counting of losses, or without where the kernel takes it only so.
func (l *loader) loadProgram(spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
	emissions := l.emissionsOf(spec.Instructions)
	counting, err := countLosses(spec, emissions, l.inst.slot)
	if err != nil {
		counting = spec
	}
	prog, err := l.loadSpec(counting)
	if counting != spec && err != nil {
		// It may be the program itself that is at fault. Its errors are better read without our instructions in it.
		if prog, err = l.loadSpec(spec); err == nil {
			counting = spec
		}
	}
	if err == nil && len(emissions) > 0 && counting == spec {
		l.counted = false
		l.opts.Notice(fmt.Sprintf("%s: the kernel refuses to count what is lost", spec.Name))
	}
	return prog, err
}

// loadSpec loads one program on the maps of the instance.
func (l *loader) loadSpec(spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
	one := &ebpf.CollectionSpec{
		Maps:      make(map[string]*ebpf.MapSpec),
		Programs:  map[string]*ebpf.ProgramSpec{spec.Name: spec},
		Types:     l.spec.Types,
		ByteOrder: l.spec.ByteOrder,
	}
	maps := make(map[string]*ebpf.Map)
	for i := range spec.Instructions {
		ins := &spec.Instructions[i]
		name := ins.Reference()
		if m := l.inst.maps[name]; m != nil && ins.IsLoadFromMap() {
			maps[name], one.Maps[name] = m, l.maps[name]
		}
	}
	collection, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{MapReplacements: maps, Cache: kernelTypes})
	if err != nil {
		return nil, err
	}
	defer collection.Close()
	return collection.DetachProgram(spec.Name), nil
}

// fillProgramArrays puts the targets of tail calls into the maps that name them in C.
func (l *loader) fillProgramArrays() error {
	for name, m := range l.spec.Maps {
		if m.Type != ebpf.ProgramArray {
			continue
		}
		for _, kv := range m.Contents {
			program, ok := kv.Value.(string)
			if !ok {
				continue
			}
			prog := l.inst.programs[program]
			if prog == nil {
				l.opts.Notice(fmt.Sprintf("%s: program %s was not loaded, so tail calls to it do nothing", name, program))
				continue
			}
			if err := l.inst.maps[name].Put(kv.Key, prog); err != nil {
				return fmt.Errorf("put program %s into map %s: %w", program, name, err)
			}
		}
	}
	return nil
}
