package bpf

import (
	"bytes"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// The kernel's BTF tells of more than a hundred thousand types, and to parse it is what would cost most of loading an object. So cilium/ebpf gets an
// excerpt of it, with the types that the object's relocations look at. What an excerpt cannot serve has the whole parsed, as do kfuncs, struct_ops and
// whatever only modules have.

// kernelTypes is what cilium/ebpf finds all of the kernel's types in. It is shared by all objects. Who wants the types while they are parsed waits for
// them; others do not.
var kernelTypes = btf.NewCache()

// kernelBTF returns the kernel's BTF.
func kernelBTF() (*btf.Spec, error) { return kernelTypes.Kernel() }

// prefetchKernelTypes has the kernel's BTF parsed while other things are done. Where the kernel does not tell it, nothing is looked for.
func prefetchKernelTypes() {
	if probe.HasBTF() {
		go func() { _, _ = kernelTypes.Kernel() }() // whoever needs it gets the error, too
	}
}

// needsKernelTypes reports whether a program of o will be loaded by all of the kernel's types, whatever it is relocated by.
func (o *Object) needsKernelTypes() bool {
	for _, p := range o.spec.Programs {
		if p.Type == ebpf.StructOps {
			return true
		}
		for i := range p.Instructions {
			if p.Instructions[i].IsKfuncCall() {
				return true
			}
		}
	}
	return false
}

// startExcerpt begins to look up what an object will need of the kernel's types: those by which it is relocated, and those that programs of its sections are bound to. The
// result waits for the former. It is nil where the whole of the types is needed.
func startExcerpt(relocated []rawbtf.Relocated, sections []string) func() *btf.Spec {
	var bound []string
	for _, section := range sections {
		if k, target := splitSection(section); k != nil && target != "" {
			if name, _ := boundTo(k.programType, k.attachType, target); name != "" {
				bound = append(bound, name)
			}
		}
	}
	if len(relocated) == 0 {
		if len(bound) > 0 {
			go func() { _, _ = lookUp(bound...) }() // whoever needs one gets the error, too
		}
		return func() *btf.Spec { return nil }
	}
	result := sync.OnceValue(func() *btf.Spec {
		spec, err := excerpt(relocated, bound)
		if err != nil || spec == nil {
			prefetchKernelTypes()
			return nil
		}
		return spec
	})
	go result()
	return result
}

// excerpt returns the types of the kernel that relocated ones are looked for among, or nil where more than these is asked for. It looks for bound names in
// the same go.
func excerpt(relocated []rawbtf.Relocated, bound []string) (*btf.Spec, error) {
	names := slices.Clone(bound)
	for _, r := range relocated {
		if r.Beyond {
			return nil, nil
		}
		names = append(names, r.Name)
	}
	found, err := lookUp(names...)
	if err != nil {
		return nil, err
	}
	kernel, err := kernelIndex()
	if err != nil {
		return nil, err
	}
	var roots []uint32
	var absent []string
	for _, r := range relocated {
		candidates := found[r.Name]
		for _, c := range candidates {
			if relocatable(c.Kind) {
				roots = append(roots, c.ID)
			}
		}
		if !slices.ContainsFunc(candidates, func(c rawbtf.Match) bool { return kindOf(c.Kind) == kindOf(r.Kind) }) {
			absent = append(absent, r.Name)
		}
	}
	if len(absent) > 0 {
		// As libbpf does, types of modules are candidates where the kernel itself has none (bpf_core_find_cands).
		if found, err := inModules(kernel, absent); found || err != nil {
			return nil, err
		}
	}
	raw, err := kernel.Excerpt(roots)
	if err != nil {
		return nil, err
	}
	return btf.LoadSplitSpecFromReader(bytes.NewReader(raw), nil)
}

// relocatable reports whether a type of a kind can be what a relocation is by. Functions and variables, which have names of their own, and tags are not.
func relocatable(kind uint32) bool {
	switch kind {
	case rawbtf.Func, rawbtf.Var, rawbtf.Datasec, rawbtf.DeclTag, rawbtf.TypeTag:
		return false
	}
	return true
}

// kindOf returns kind, but the same for enums of 32 and 64 bits, which stand for each other (btf_kind_core_compat in libbpf).
func kindOf(kind uint32) uint32 {
	if kind == rawbtf.Enum64 {
		return rawbtf.Enum
	}
	return kind
}

// boundTo returns which type of the kernel's, by name and kind, programs are bound to when they are loaded; "": to none (libbpf_find_attach_btf_id in
// libbpf.c).
func boundTo(programType ebpf.ProgramType, attachType ebpf.AttachType, target string) (name string, kind uint32) {
	switch programType {
	case ebpf.Tracing:
		switch attachType {
		case ebpf.AttachTraceRawTp:
			return "btf_trace_" + target, rawbtf.Typedef
		case ebpf.AttachTraceIter:
			return "bpf_iter_" + target, rawbtf.Func
		case ebpf.AttachTraceFEntry, ebpf.AttachTraceFExit, ebpf.AttachModifyReturn, attachFSession:
			return target, rawbtf.Func
		}
	case ebpf.LSM:
		return "bpf_lsm_" + target, rawbtf.Func
	}
	return "", 0
}
