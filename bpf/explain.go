package bpf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// loadFailure says why the program for p could not be loaded: a *VerifierError, an *AttachError where its target is
// at fault, or a cause that does not name the program.
func (p *point) loadFailure(spec *ebpf.ProgramSpec, err error) error {
	if lacks := lacking(spec.Type, err); lacks != nil {
		return lacks
	}
	switch name := p.object.undefinedIn(spec); {
	case name != "":
		return fmt.Errorf("it refers to %s, which the object does not define; build it together with the file that does: "+
			"add_files takes several", name)
	case p.attachTo != "" && targetIsUnknown(err):
		return p.fail(&missing{err: &predicate{"names no " + p.kind.form + " that this kernel has for " + p.kind.name}, name: p.symbol})
	case errors.Is(err, btf.ErrNotSupported) && !probe.HasBTF():
		return errNoKernelBTF
	case passesFunction(spec.Instructions) && errors.Is(features.HaveProgramHelper(spec.Type, asm.FnForEachMapElem), ebpf.ErrNotSupported):
		return fmt.Errorf("it has a helper such as bpf_loop call a function, which this kernel has no helper for (5.13 has the first): %w", ebpf.ErrNotSupported)
	case errors.Is(err, unix.EINVAL) && errors.Is(features.HaveProgramType(spec.Type), ebpf.ErrNotSupported):
		return fmt.Errorf("this kernel has no programs of type %s: %w", spec.Type, ebpf.ErrNotSupported)
	}
	if refusal := newVerifierError(spec, err); refusal != nil {
		return refusal
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return refused(p)
	}
	if errors.Is(err, unix.EFAULT) {
		return errGaveUp
	}
	return shorten(err, spec.Name)
}

// errGaveUp stands for what the verifier says by EFAULT, where its log is not to be had.
var errGaveUp = fmt.Errorf("the verifier gave up: the program branches more than 8,192 times on the way to its end, "+
	"or the verifier itself is at fault, which dmesg would tell: %w", unix.EFAULT)

var errNoKernelBTF = errors.New("the kernel does not tell its types, which the program needs: " +
	"boot one with CONFIG_DEBUG_INFO_BTF=y, as distributions build theirs, or give its types with --btf FILE, such as BTFHub has")

// passesFunction reports whether a program takes the address of a function, which is for helpers to call.
func passesFunction(insns asm.Instructions) bool {
	return slices.ContainsFunc(insns, func(ins asm.Instruction) bool { return ins.IsLoadOfFunctionPointer() })
}

// undefinedIn returns the name of something that the program needs and the object does not define, or "".
func (o *Object) undefinedIn(spec *ebpf.ProgramSpec) string {
	for _, ins := range spec.Instructions {
		if name := ins.Reference(); o.undefined[name] {
			return name
		}
	}
	return ""
}

// targetIsUnknown: cilium/ebpf says of a target that is not in the kernel's BTF that it is not supported, before it asks the kernel.
func targetIsUnknown(err error) bool {
	return errors.Is(err, ebpf.ErrNotSupported) && strings.Contains(err.Error(), "attach ")
}

// lacking returns which capabilities the process would need, when err is a refusal for the lack of them.
func lacking(t ebpf.ProgramType, err error) error {
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		return nil
	}
	missing := probe.Missing(capabilitiesFor(t)...)
	if len(missing) == 0 {
		return nil
	}
	names := make([]string, len(missing))
	for i, c := range missing {
		names[i] = c.String()
	}
	return fmt.Errorf("this process lacks %s; run it as root: %w", near.List(names, "and"), unix.EPERM)
}

// capabilitiesFor returns what a process needs to load programs of a type (bpf_prog_load in kernel/bpf/syscall.c). UnspecifiedProgram:
// what it needs for maps.
func capabilitiesFor(t ebpf.ProgramType) []probe.Capability {
	switch t {
	case ebpf.UnspecifiedProgram:
		return []probe.Capability{probe.CapBPF}
	case ebpf.Kprobe, ebpf.TracePoint, ebpf.PerfEvent, ebpf.RawTracepoint, ebpf.RawTracepointWritable,
		ebpf.Tracing, ebpf.LSM, ebpf.StructOps, ebpf.Extension:
		return []probe.Capability{probe.CapBPF, probe.CapPerfmon}
	case ebpf.SocketFilter, ebpf.Syscall:
		return []probe.Capability{probe.CapBPF}
	}
	return []probe.Capability{probe.CapBPF, probe.CapNetAdmin}
}

// refused explains EPERM for a process that lacks nothing.
func refused(p *point) error {
	name := "such"
	if p.kind != nil {
		name = p.kind.name
	}
	if mode := probe.Lockdown(); mode != "" {
		return fmt.Errorf("the kernel refuses %s programs, being locked down (%s): %w", name, mode, unix.EPERM)
	}
	return fmt.Errorf("this kernel refuses %s programs, though the process has every capability: %w", name, unix.EPERM)
}

// shorten strips what cilium/ebpf says twice.
func shorten(err error, program string) error {
	text := strings.TrimPrefix(err.Error(), "program "+program+": ")
	return &wrapped{text: strings.TrimPrefix(text, "load program: "), err: err}
}

// wrapped is an error with a text of its own.
type wrapped struct {
	text string
	err  error
}

func (w *wrapped) Error() string { return w.text }
func (w *wrapped) Unwrap() error { return w.err }

// explainMap says why a map could not be created.
func (l *loader) explainMap(err error) error {
	if lacks := lacking(ebpf.UnspecifiedProgram, err); lacks != nil {
		return fmt.Errorf("create maps: %w", lacks)
	}
	if l.hasRings() && errors.Is(features.HaveMapType(ebpf.RingBuf), ebpf.ErrNotSupported) {
		release, _, _ := probe.Release()
		return fmt.Errorf("this kernel (%s) has no ring buffers, which the program sends events through; 5.8 or later has them", release)
	}
	if name, kind := l.unknownMap(); errors.Is(err, unix.EINVAL) && name != "" {
		return fmt.Errorf("create map %s: this kernel has no maps of type %s: %w", name, kind, ebpf.ErrNotSupported)
	}
	if _, major, minor := probe.Release(); errors.Is(err, unix.EPERM) && (major < 5 || major == 5 && minor < 11) {
		return fmt.Errorf("create maps: the limit of locked memory is too low; run ulimit -l unlimited: %w", err)
	}
	return fmt.Errorf("create %w", err)
}

// unknownMap returns a map that is of a type which the kernel does not know, or "".
func (l *loader) unknownMap() (string, ebpf.MapType) {
	for _, name := range slices.Sorted(maps.Keys(l.maps)) {
		if kind := l.maps[name].Type; errors.Is(features.HaveMapType(kind), ebpf.ErrNotSupported) {
			return name, kind
		}
	}
	return "", ebpf.UnspecifiedMap
}

func (l *loader) hasRings() bool {
	return slices.ContainsFunc(l.streams, func(s *StreamInfo) bool { return s.Kind == RingBuffer })
}

// loading says what went wrong when err, a cause from loadFailure, does not itself.
func loading(program string, err error) error {
	var refusal *VerifierError
	var attach *AttachError
	if errors.As(err, &refusal) || errors.As(err, &attach) {
		return err
	}
	return fmt.Errorf("load program %s: %w", program, err)
}

func asErrors[E error](list []E) []error {
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = e
	}
	return errs
}
