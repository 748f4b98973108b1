package mend

import (
	"encoding/binary"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

const ksyms = ".ksyms"

// mendKernelVariables makes the kernel's variables that programs refer to by __ksym ones of type void, which cilium/ebpf takes alone, and then for
// addresses. It returns the names of those that had a type: programs may read these directly, so that libbpf has the kernel look them up in its BTF.
func (t *types) mendKernelVariables() map[string]bool {
	typed := make(map[string]bool)
	t.Variables(t.Section(ksyms), func(v []byte) {
		if t.Resolve(rawbtf.TargetOf(v)) != nil {
			typed[t.Name(rawbtf.NameOf(v))] = true
		}
		binary.NativeEndian.PutUint32(v[8:], 0)
	})
	return typed
}
