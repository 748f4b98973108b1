package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Programs of some types are bound to a function or a tracepoint of the kernel when they are loaded. To find it cilium/ebpf parses all of the kernel's
// types, and where it does not know the attach type it does not look.

const attachFSession = ebpf.AttachType(58) // BPF_TRACE_FSESSION, since 7.0

// loadBound loads programs of a kind that cilium/ebpf does not know. Kernels before major.minor refuse them for their type.
func loadBound(major, minor int) func(*loader, *point, *ebpf.ProgramSpec) (*ebpf.Program, error) {
	return func(l *loader, p *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
		id, err := kernelType(boundTo(p.programType, p.attachType, p.attachTo))
		if errors.Is(err, errNoKernelType) || errors.Is(err, btf.ErrMultipleMatches) {
			return nil, &missing{err: &predicate{"names no " + p.kind.form + " that this kernel has for " + p.kind.name}, name: p.attachTo}
		}
		if err != nil {
			return nil, err
		}
		prog, err := l.loadCounting(spec, func(spec *ebpf.ProgramSpec, opts ebpf.ProgramOptions) (*ebpf.Program, error) {
			return l.loadWithTarget(spec, id, opts)
		})
		if _, ma, mi := probe.Release(); errors.Is(err, unix.EINVAL) && (ma < major || ma == major && mi < minor) {
			return nil, p.fail(fmt.Errorf("this kernel has no %s programs (%d.%d or later has them)", p.kind.name, major, minor))
		}
		return prog, err
	}
}

// foundTarget returns the number of what spec is bound to in the kernel, for loadWithTarget. It is false where nothing is to be found there, or where the
// program has other things to be linked that loadWithTarget does not know.
func (l *loader) foundTarget(spec *ebpf.ProgramSpec) (target btf.TypeID, ok bool) {
	name, kind := boundTo(spec.Type, spec.AttachType, spec.AttachTo)
	if name == "" || spec.AttachTo == "" || spec.AttachTarget != nil || spec.ByteOrder != l.spec.ByteOrder {
		return 0, false
	}
	relocated := false
	for i := range spec.Instructions {
		ins := &spec.Instructions[i]
		relocated = relocated || btf.CORERelocationMetadata(ins) != nil
		address := ins.OpCode.IsDWordLoad() && ins.Reference() != "" && !ins.IsLoadFromMap() && !ins.IsLoadOfFunctionPointer()
		if address || ins.IsKfuncCall() {
			return 0, false
		}
	}
	if relocated && l.kernel() == nil {
		return 0, false // modules may have the types
	}
	target, err := kernelType(name, kind)
	return target, err == nil
}

// loadWithTarget does what ebpf.NewProgram does, for a program on the maps of the instance and a function or type of the kernel that the caller
// has found.
func (l *loader) loadWithTarget(spec *ebpf.ProgramSpec, target btf.TypeID, opts ebpf.ProgramOptions) (*ebpf.Program, error) {
	insns := append(asm.Instructions(nil), spec.Instructions...)
	for i := range insns {
		if m := l.inst.maps[insns[i].Reference()]; m != nil && insns[i].IsLoadFromMap() {
			if err := insns[i].AssociateMap(m); err != nil {
				return nil, err
			}
		}
	}
	var types btf.Builder
	if err := l.relocate(insns, &types); err != nil {
		return nil, fmt.Errorf("apply CO-RE relocations: %w", err)
	}
	functions, lines, err := btf.MarshalExtInfos(insns, &types)
	if err != nil {
		return nil, err
	}
	handle, err := btf.NewHandle(&types)
	if err != nil {
		return nil, fmt.Errorf("load BTF: %w", err)
	}
	defer handle.Close()
	var code bytes.Buffer
	if err := insns.Marshal(&code, spec.ByteOrder); err != nil {
		return nil, err
	}
	license := append([]byte(spec.License), 0)
	attr := progLoadAttr{
		progType: uint32(spec.Type), insnCount: uint32(code.Len() / asm.InstructionSize),
		insns: pointer(code.Bytes()), license: pointer(license), kernelVersion: 0, flags: spec.Flags, ifindex: 0, attachType: uint32(spec.AttachType),
		btf: uint32(handle.FD()), funcSize: btf.FuncInfoSize, funcs: pointer(functions), funcCount: uint32(len(functions)) / btf.FuncInfoSize,
		lineSize: btf.LineInfoSize, lines: pointer(lines), lineCount: uint32(len(lines)) / btf.LineInfoSize, attachBTF: uint32(target),
	}
	copy(attr.name[:len(attr.name)-1], spec.Name)
	fd, err := bpfCall(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	var log []byte
	if err != nil && !opts.LogDisabled {
		log = make([]byte, 1<<20)
		attr.logLevel, attr.logSize, attr.log = 1, uint32(len(log)), pointer(log)
		fd, err = bpfCall(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	}
	runtime.KeepAlive(insns)
	if err != nil {
		return nil, refusal(err, log)
	}
	return ebpf.NewProgramFromFD(fd)
}

// withLog returns err, which is EFAULT, with the verifier's log where there is one to be had. The verifier fails so where a program branches
// more often than it can hold (push_stack in kernel/bpf/verifier.c), and the log ends with that; cilium/ebpf takes it for
// a fault of the verifier's own, and drops the log.
func (l *loader) withLog(spec *ebpf.ProgramSpec, err error) error {
	target, found := l.foundTarget(spec)
	if spec.AttachTo != "" && !found {
		return err
	}
	prog, again := l.loadWithTarget(spec, target, ebpf.ProgramOptions{})
	if again == nil {
		prog.Close()
		return err
	}
	var refused *ebpf.VerifierError
	if !errors.As(again, &refused) || !isStatistics(refused.Log[len(refused.Log)-1]) {
		return err // kernels before 6.4 keep the beginning of a log that is too long, which does not have the reason
	}
	refused.Cause = unix.EFAULT // it is ENOSPC where the log has been cut at its beginning
	return refused
}

// relocate applies the CO-RE relocations of insns. Local types that they name go to types.
func (l *loader) relocate(insns asm.Instructions, types *btf.Builder) error {
	var relocations []*btf.CORERelocation
	var at []*asm.Instruction
	for i := range insns {
		if r := btf.CORERelocationMetadata(&insns[i]); r != nil {
			relocations, at = append(relocations, r), append(at, &insns[i])
		}
	}
	if len(relocations) == 0 {
		return nil
	}
	kernel := l.kernel()
	if kernel == nil {
		var err error
		if kernel, err = kernelBTF(); err != nil {
			return err
		}
	}
	fixups, err := btf.CORERelocate(relocations, []*btf.Spec{kernel}, l.spec.ByteOrder, types.Add)
	if err != nil {
		return err
	}
	for i, fixup := range fixups {
		if err := fixup.Apply(at[i]); err != nil {
			return err
		}
	}
	return nil
}

// refusal is what cilium/ebpf returns for a program that the verifier refused.
func refusal(err error, log []byte) error {
	text := strings.TrimSpace(unix.ByteSliceToString(log))
	if text == "" {
		return err
	}
	return &ebpf.VerifierError{Cause: err, Log: strings.Split(text, "\n")}
}
