package bpf

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

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

// NeedsKernelTypes is needsKernelTypes of an object with a program.
func NeedsKernelTypes(p *ebpf.ProgramSpec) bool {
	o := &Object{spec: &ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{p.Name: p}}}
	return o.needsKernelTypes()
}

// Excerpt returns the kernel's types that o is relocated by; nil: all.
func (o *Object) Excerpt() *btf.Spec { return o.excerpt() }

// Specs returns the programs of o, for cilium/ebpf.
func (o *Object) Specs() map[string]*ebpf.ProgramSpec { return o.spec.Programs }
