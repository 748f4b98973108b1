package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// ksyms are the kernel's variables that an object refers to by their types (extern struct rq runqueues __ksym), by name. Those are true that
// may be missing: their address is 0 then.
type ksyms map[string]bool

// link has the instructions of a program that load addresses of such variables name them to the verifier, which then knows what lies there (BPF_PSEUDO_BTF_ID; bpf_object__resolve_ksym_var_btf_id
// in libbpf.c). It changes spec.
func (k ksyms) link(spec *ebpf.ProgramSpec) error {
	const pseudoBTF = asm.R3 // BPF_PSEUDO_BTF_ID
	for i := range spec.Instructions {
		ins := &spec.Instructions[i]
		weak, ok := k[ins.Reference()]
		if !ok || !ins.OpCode.IsDWordLoad() || ins.IsLoadFromMap() || ins.IsLoadOfFunctionPointer() {
			continue
		}
		id, err := kernelVariable(ins.Reference())
		if err != nil && !weak {
			return err
		}
		load := asm.Instruction{OpCode: ins.OpCode, Dst: ins.Dst, Src: pseudoBTF, Constant: int64(id)}
		if err != nil {
			load.Src, load.Constant = 0, 0
		}
		// cilium/ebpf's own note on the instruction, that it is an address, must not be kept.
		linked := load.WithSymbol(ins.Symbol()).WithSource(ins.Source())
		if f := btf.FuncMetadata(ins); f != nil {
			linked = btf.WithFuncMetadata(linked, f)
		}
		*ins = linked
	}
	return nil
}

// kernelVariable returns the number of a variable in the kernel's BTF.
func kernelVariable(name string) (btf.TypeID, error) {
	id, err := kernelType(name, rawbtf.Var)
	if errors.Is(err, errNoKernelType) {
		return 0, fmt.Errorf("the kernel's BTF has no variable %s%s", name, near.Hint(near.Names(name, kernelVariables())))
	}
	if err != nil {
		return 0, fmt.Errorf("look up the kernel's variable %s: %w", name, err)
	}
	return id, nil
}

func kernelVariables() []string {
	kernel, err := kernelBTF()
	if err != nil {
		return nil
	}
	var names []string
	for t, err := range kernel.All() {
		if v, ok := t.(*btf.Var); ok && err == nil {
			names = append(names, v.Name)
		}
	}
	return names
}
