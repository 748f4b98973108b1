package bpf

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Variable describes a global variable of an object.
type Variable struct {
	Name  string
	Type  *decode.Type
	Value []byte // as the object has it, or as SetGlobal did; its own copy
	// Option is set for const volatile variables: libbpf's way to give a program options before it is loaded.
	Option bool
}

// Variables returns the global variables whose type is known, by section and then in the order of the file. Those that are static are not among
// them, nor are those that the kernel sets.
func (o *Object) Variables() []Variable {
	var vars []Variable
	specs := slices.SortedFunc(maps.Values(o.spec.Variables), func(a, b *ebpf.VariableSpec) int {
		return cmp.Or(strings.Compare(a.SectionName, b.SectionName), cmp.Compare(a.Offset, b.Offset))
	})
	for _, v := range specs {
		if v.Type == nil || strings.HasPrefix(v.SectionName, ".kconfig") || strings.HasPrefix(v.SectionName, ".ksyms") {
			continue
		}
		t, err := decode.New(v.Type.Type)
		if err != nil {
			continue // no value can be given to it
		}
		value := make([]byte, v.Size())
		copy(value, v.Value)
		vars = append(vars, Variable{Name: v.Name, Type: t, Value: value, Option: isOption(v)})
	}
	return vars
}

// isOption reports whether v is read-only, and volatile so that the compiler does not take its value for granted. Of an array
// the elements are.
func isOption(v *ebpf.VariableSpec) bool {
	if !v.Constant() {
		return false
	}
	t := v.Type.Type
	for range 32 { // more than any declaration that people write
		switch q := t.(type) {
		case *btf.Volatile:
			return true
		case *btf.Const:
			t = q.Type
		case *btf.Restrict:
			t = q.Type
		case *btf.Typedef:
			t = q.Type
		case *btf.Array:
			t = q.Type
		default:
			return false
		}
	}
	return false
}
