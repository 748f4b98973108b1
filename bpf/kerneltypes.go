package bpf

import (
	"sync"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// kernelTypes is shared by all objects: to parse the kernel's BTF is what costs most of loading one, and
// it does not change.
var kernelTypes = struct {
	cache   *btf.Cache
	reading sync.WaitGroup // prefetchKernel; the cache takes one caller at a time
}{cache: btf.NewCache()}

// kernelBTF returns the kernel's BTF.
func kernelBTF() (*btf.Spec, error) { return kernelCache().Kernel() }

// kernelCache returns what cilium/ebpf is to find the kernel's types in.
func kernelCache() *btf.Cache {
	kernelTypes.reading.Wait()
	return kernelTypes.cache
}

// prefetchKernel has the kernel's BTF parsed while maps are created, if the programs of o will be loaded by it.
func (o *Object) prefetchKernel() {
	for _, p := range o.spec.Programs {
		if !needsKernelTypes(p.AttachTo, p.Instructions) {
			continue
		}
		kernelTypes.reading.Wait()
		kernelTypes.reading.Go(func() { _, _ = kernelTypes.cache.Kernel() }) // whoever needs it gets the error, too
		return
	}
}

func needsKernelTypes(attachTo string, insns asm.Instructions) bool {
	for i := range insns {
		if attachTo != "" || btf.CORERelocationMetadata(&insns[i]) != nil || insns[i].IsKfuncCall() {
			return true
		}
	}
	return false
}
