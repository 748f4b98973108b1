package bpf

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// kernelTypes is what cilium/ebpf finds the kernel's types in. It is shared by all objects: to parse the kernel's BTF is what costs
// most of loading one, and it does not change. Who wants the types while they are parsed waits for them; others do not.
var kernelTypes = btf.NewCache()

// kernelBTF returns the kernel's BTF.
func kernelBTF() (*btf.Spec, error) { return kernelTypes.Kernel() }

// prefetchKernelTypes has the kernel's BTF parsed while other things are done. Where the kernel does not tell it, nothing is looked for.
func prefetchKernelTypes() {
	if probe.HasBTF() {
		go func() { _, _ = kernelTypes.Kernel() }() // whoever needs it gets the error, too
	}
}

// needsKernelTypes reports whether a program of o will be loaded by the kernel's types.
func (o *Object) needsKernelTypes() bool {
	for _, p := range o.spec.Programs {
		if needsKernelTypes(p) {
			return true
		}
	}
	return false
}

func needsKernelTypes(p *ebpf.ProgramSpec) bool {
	switch p.Type {
	case ebpf.Tracing, ebpf.LSM, ebpf.StructOps: // AttachTo is a function or type of the kernel; with others it is a name
		if p.AttachTo != "" {
			return true
		}
	}
	for i := range p.Instructions {
		if btf.CORERelocationMetadata(&p.Instructions[i]) != nil || p.Instructions[i].IsKfuncCall() {
			return true
		}
	}
	return false
}
