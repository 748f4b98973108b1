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

// A program of these attach types is bound to a function of the kernel when it is loaded, and cilium/ebpf does not look for that function
// when it does not know the type.
const attachFSession = ebpf.AttachType(58) // BPF_TRACE_FSESSION, since 7.0

// loadBound returns how to load programs of a kind that are bound to the function that function makes of their target. Kernels before
// major.minor refuse them for their type.
func loadBound(major, minor int, function func(target string) string) func(*loader, *point, *ebpf.ProgramSpec) (*ebpf.Program, error) {
	return func(l *loader, p *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
		kernel, err := kernelBTF()
		if err != nil {
			return nil, err
		}
		var f *btf.Func
		if err := kernel.TypeByName(function(p.attachTo), &f); err != nil {
			return nil, &missing{err: &predicate{"names no " + p.kind.form + " that this kernel has for " + p.kind.name}, name: p.attachTo}
		}
		id, err := kernel.TypeID(f)
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

// loadWithTarget does what ebpf.NewProgram does, for a program on the maps of the instance and a function of the kernel that the caller
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
	log := make([]byte, 1<<20)
	license := append([]byte(spec.License), 0)
	attr := progLoadAttr{
		progType: uint32(spec.Type), insnCount: uint32(code.Len() / asm.InstructionSize),
		insns: pointer(code.Bytes()), license: pointer(license), kernelVersion: 0, flags: spec.Flags, ifindex: 0, attachType: uint32(spec.AttachType),
		btf: uint32(handle.FD()), funcSize: btf.FuncInfoSize, funcs: pointer(functions), funcCount: uint32(len(functions)) / btf.FuncInfoSize,
		lineSize: btf.LineInfoSize, lines: pointer(lines), lineCount: uint32(len(lines)) / btf.LineInfoSize, attachBTF: uint32(target),
	}
	copy(attr.name[:len(attr.name)-1], spec.Name)
	fd, err := bpfCall(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err != nil && !opts.LogDisabled {
		attr.logLevel, attr.logSize, attr.log = 1, uint32(len(log)), pointer(log)
		fd, err = bpfCall(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	}
	runtime.KeepAlive(insns)
	if err != nil {
		return nil, refusal(err, log)
	}
	return ebpf.NewProgramFromFD(fd)
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
	kernel, err := kernelBTF()
	if err != nil {
		return err
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
