package bpf

import "github.com/cilium/ebpf/asm"

// HelperVersion is for tests of the table.
func HelperVersion(f asm.BuiltinFunc) string { return helperVersion(f).String() }

// LinkedProgram returns the instructions of a program as they are loaded, as far as it refers to variables of the kernel.
func (o *Object) LinkedProgram(name string) (before, after asm.Instructions, err error) {
	spec := o.spec.Programs[name]
	linked := spec.Copy()
	err = o.ksyms.link(linked)
	return spec.Instructions, linked.Instructions, err
}

// KernelVariable is kernelVariable.
func KernelVariable(name string) (uint32, error) {
	id, err := kernelVariable(name)
	return uint32(id), err
}

// TakesLogarithms is takesLogarithms.
func TakesLogarithms(insns asm.Instructions) bool { return takesLogarithms(insns) }
