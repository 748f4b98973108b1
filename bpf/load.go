package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

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
	// BTF is a file with the types of the running kernel, for one that does not tell them: raw BTF or an ELF file that holds it, of all
	// types or, as BTFHub's are made, of those that the programs need. "": the kernel tells.
	BTF string
	// Strict has Attach fail where a program or its alternatives cannot be attached as their sections say, in place of leaving
	// them out. Programs that need a Hook to be attached, being optional or without a target, are no failure.
	Strict bool
	// Replace is an instance that this one takes over from, or nil. Maps that are defined as the old ones (type, sizes of key, value and map, flags,
	// BTF, first contents) are the old ones with what they hold, and so is a ring buffer whose records are of the same types. Attach, or
	// TakeOver for several instances at once, detaches the old programs when it attaches the new ones, and Takeover tells how it went. Until then, and where that fails, the old
	// instance runs on as it did. Afterwards it is still to be stopped, which has it deliver its last records, and to be closed; the new one begins to read a
	// buffer that both have where the old one ends, so that no record is lost and none comes twice.
	Replace *Instance
	// Replaceable has another instance take over from this one without a gap: programs at probes begin with some ten instructions that look whether it is
	// their turn. Both instances have to be loaded with it.
	Replaceable bool
}

// loader carries what loading one object needs.
type loader struct {
	*Object
	opts    LoadOptions
	inst    *Instance
	maps    map[string]*ebpf.MapSpec // as created
	loaded  map[variant]*ebpf.Program
	kernel  func() *btf.Spec // what programs are relocated by; nil: all of the kernel's types and of its modules
	counted bool             // so far every program that sends records counts what it loses
}

func newLoader(o *Object, opts LoadOptions) (*loader, error) {
	l := &loader{Object: o, opts: opts, inst: newInstance(o, opts), loaded: make(map[variant]*ebpf.Program), kernel: o.excerpt, counted: true}
	if opts.BTF != "" {
		kernel, err := btf.LoadSpec(opts.BTF)
		if err != nil {
			return nil, fmt.Errorf("read the kernel's types from %s: %w", opts.BTF, err)
		}
		l.kernel = func() *btf.Spec { return kernel }
	}
	return l, nil
}

// Load loads the programs and maps of o. A verifier's refusal is a *VerifierError. A program that cannot be loaded and that no Hook
// names is left out when there are others, and Attach tells so. An object may be
// loaded more than once.
//
// Of programs that are alternatives, only one way to serve the probe is kept: see Attach. What else programs are for, and that
// the C side of a tool loads some of them only when it is asked to, an object does not say: they are all loaded. A program that is
// not wanted is one to mark as optional in C, SEC("?...").
func (o *Object) Load(opts LoadOptions) (_ *Instance, err error) {
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	if opts.Verbose == nil {
		opts.Verbose = func(string) {}
	}
	if o.needsKernelTypes() {
		prefetchKernelTypes()
	}
	points, skipped, err := o.plan(opts.Hooks)
	if err != nil {
		return nil, err
	}
	for _, n := range o.notices {
		opts.Notice(n)
	}
	o.noticeAlike(opts.Notice)
	l, err := newLoader(o, opts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.inst.Close()
		}
	}()
	probe.RaiseMemlock()
	if err := l.loadMaps(); err != nil {
		return nil, fmt.Errorf("load %s: %w", o.name, err)
	}
	l.inst.skipped = skipped
	if err := l.loadGroups(points); err != nil {
		return nil, err
	}
	if err := l.fillProgramArrays(); err != nil {
		return nil, fmt.Errorf("load %s: %w", o.name, err)
	}
	l.inst.loader, l.inst.lossKnown = l, l.counted
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
		if name == kconfigMap {
			var err error
			if m, err = l.withKconfig(m); err != nil {
				return err
			}
		}
		l.maps[name] = m
	}
	if err := l.preparePins(); err != nil {
		return err
	}
	if len(l.streams) > 0 {
		l.maps[counterMap] = counterSpec(len(l.streams))
	}
	if l.opts.Replaceable {
		l.inst.generation = generations.Add(1)
		var err error
		if l.maps[gateMap], err = gateSpec(l.inst.generation); err != nil {
			return err
		}
	}
	var keep map[string]*ebpf.Map
	if old := l.opts.Replace; old != nil {
		old.mu.Lock() // its maps stay open meanwhile
		defer old.mu.Unlock()
		if old.closed {
			return errors.New("the instance to be replaced is closed")
		}
		keep = l.keepMaps(old)
	}
	keep, release, err := l.openPins(keep)
	if err != nil {
		return err
	}
	defer release()
	collection, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps:      l.maps,
		Variables: l.spec.Variables,
		Types:     l.spec.Types,
		ByteOrder: l.spec.ByteOrder,
	}, ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: pinPath}, MapReplacements: keep})
	if err != nil {
		return l.explainMap(err)
	}
	l.inst.maps, l.inst.globals, l.inst.definitions = collection.Maps, collection.Variables, l.maps
	collection.Maps = nil
	collection.Close()
	return l.pin()
}

// loadProgram loads spec with counting of losses.
func (l *loader) loadProgram(spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
	return l.loadCounting(spec, l.loadSpec)
}

// loadFunc loads one program on the maps of the instance.
type loadFunc func(*ebpf.ProgramSpec, ebpf.ProgramOptions) (*ebpf.Program, error)

// loadCounting has load load spec with counting of losses, in the first way that the kernel takes, or without where it takes none.
func (l *loader) loadCounting(spec *ebpf.ProgramSpec, load loadFunc) (*ebpf.Program, error) {
	emissions := l.emissionsOf(spec.Instructions)
	if len(emissions) == 0 {
		return load(spec, ebpf.ProgramOptions{})
	}
	for _, check := range successChecks {
		counting, err := countLosses(spec, emissions, check, l.inst.slot)
		if err != nil {
			break
		}
		// The log of a refusal can grow to a gigabyte, and nobody reads this one.
		if prog, err := load(counting, ebpf.ProgramOptions{LogDisabled: true}); err == nil {
			return prog, nil
		}
	}
	// It may be the program itself that is at fault. Its errors are better read without our instructions in it.
	prog, err := load(spec, ebpf.ProgramOptions{})
	if err == nil {
		l.counted = false
		l.opts.Notice(fmt.Sprintf("%s: the kernel refuses to count what is lost", spec.Name))
	}
	return prog, err
}

// quietly is load without the verifier's log.
func quietly(load loadFunc) loadFunc {
	return func(spec *ebpf.ProgramSpec, opts ebpf.ProgramOptions) (*ebpf.Program, error) {
		opts.LogDisabled = true
		return load(spec, opts)
	}
}

// loadSpec is the loadFunc of programs that are nothing special.
func (l *loader) loadSpec(spec *ebpf.ProgramSpec, opts ebpf.ProgramOptions) (*ebpf.Program, error) {
	if target, ok := l.foundTarget(spec); ok && opts.LogLevel == 0 {
		prog, err := l.loadWithTarget(spec, target, ebpf.ProgramOptions{LogDisabled: true})
		if err == nil || opts.LogDisabled {
			return prog, err
		}
		// It takes longer, but cilium/ebpf tells more of what is wrong.
	}
	collection, err := l.loadCollection(&ebpf.CollectionSpec{
		Maps:     make(map[string]*ebpf.MapSpec),
		Programs: map[string]*ebpf.ProgramSpec{spec.Name: spec},
	}, opts)
	if err != nil {
		if errors.Is(err, unix.EFAULT) && !opts.LogDisabled {
			err = l.withLog(spec, err)
		}
		return nil, err
	}
	defer collection.Close()
	return collection.DetachProgram(spec.Name), nil
}

// loadCollection loads programs on the maps of the instance, and beside them the maps of spec.
func (l *loader) loadCollection(spec *ebpf.CollectionSpec, opts ebpf.ProgramOptions) (*ebpf.Collection, error) {
	spec.Types, spec.ByteOrder = l.spec.Types, l.spec.ByteOrder
	have := make(map[string]*ebpf.Map)
	for _, program := range spec.Programs {
		for i := range program.Instructions {
			ins := &program.Instructions[i]
			name := ins.Reference()
			if m := l.inst.maps[name]; m != nil && ins.IsLoadFromMap() {
				have[name], spec.Maps[name] = m, l.maps[name]
				if len(l.maps[name].Contents) > 0 {
					// They are in it already, and may name maps that the program does not.
					spec.Maps[name] = l.maps[name].Copy()
					spec.Maps[name].Contents = nil
				}
			}
		}
	}
	opts.KernelTypes = l.kernel()
	return ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Programs: opts, MapReplacements: have, Cache: kernelTypes})
}

// preparePins mounts the file system that maps are pinned in, as bpftool does, where it is not mounted and C code wants some pinned.
func (l *loader) preparePins() error {
	for name, m := range l.maps {
		if m.Pinning == ebpf.PinNone {
			continue
		}
		mounted, err := probe.MountBPF(pinPath)
		if err != nil {
			return fmt.Errorf("pin map %s: %w", name, err)
		}
		if mounted {
			l.opts.Verbose("mounted the bpf file system at " + pinPath)
		}
		return nil
	}
	return nil
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
