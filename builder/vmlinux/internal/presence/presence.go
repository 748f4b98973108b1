// Package presence keeps which kernels of a range have which members, in a form
// small enough to ship.
package presence

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Set is a set of the kernels of a table: bit i stands for Table.Kernels[i].
type Set uint64

// Has reports whether kernel i is in s.
func (s Set) Has(i int) bool { return s&(1<<i) != 0 }

// Table tells which kernels have which types and members. It holds what differs: a
// type that is not in it is in all kernels, or in none of them.
type Table struct {
	// Kernels are the kernels' names, the oldest first.
	Kernels []string
	types   map[string]*entry
}

// entry is one type: a struct, union or enum by its tag, or by its typedef's name
// where it has no tag.
type entry struct {
	in      Set
	members map[string]Set
}

// All returns the set of all kernels.
func (t *Table) All() Set { return 1<<len(t.Kernels) - 1 }

// Type returns the kernels that have the type called name.
func (t *Table) Type(name string) Set {
	if e := t.types[name]; e != nil {
		return e.in
	}
	return t.All()
}

// Member returns the kernels that have a member, or an enumerator, of the type
// called name. Members of a member that has an anonymous type follow a dot.
func (t *Table) Member(name, member string) Set {
	e := t.types[name]
	if e == nil {
		return t.All()
	}
	if in, ok := e.members[member]; ok {
		return in
	}
	return e.in
}

// Collect makes the table of kernels, the oldest first, whose types specs hold.
func Collect(kernels []string, specs []*btf.Spec) (*Table, error) {
	if len(kernels) != len(specs) || len(kernels) > bits.UintSize-1 {
		return nil, fmt.Errorf("compare kernels: %d names for %d kernels", len(kernels), len(specs))
	}
	t := &Table{Kernels: kernels, types: make(map[string]*entry)}
	for i, spec := range specs {
		for typ, err := range spec.All() {
			if err != nil {
				return nil, fmt.Errorf("compare kernels: %w", err)
			}
			t.addType(1<<i, typ)
		}
	}
	t.compact()
	return t, nil
}

func (t *Table) addType(kernel Set, typ btf.Type) {
	name := typ.TypeName()
	if def, ok := typ.(*btf.Typedef); ok {
		typ = btf.UnderlyingType(def)
		if typ.TypeName() != "" {
			return // it has a tag to go by
		}
	}
	if name == "" || strings.ContainsAny(name, " \n") {
		return
	}
	switch typ.(type) {
	case *btf.Struct, *btf.Union, *btf.Enum:
	default:
		return
	}
	e := t.types[name]
	if e == nil {
		e = &entry{members: make(map[string]Set)}
		t.types[name] = e
	}
	e.in |= kernel
	if enum, ok := typ.(*btf.Enum); ok {
		for _, v := range enum.Values {
			e.members[v.Name] |= kernel
		}
		return
	}
	e.addMembers(kernel, typ, "", 0)
}

// maxDepth bounds how deep types are looked into, as malformed ones have no end.
// Those of kernels have it before ten.
const maxDepth = 32

func (e *entry) addMembers(kernel Set, typ btf.Type, prefix string, depth int) {
	if depth > maxDepth {
		return
	}
	for _, m := range Members(typ) {
		inner := Element(m.Type)
		if m.Name == "" {
			e.addMembers(kernel, inner, prefix, depth+1)
			continue
		}
		e.members[prefix+m.Name] |= kernel
		if inner.TypeName() == "" && Members(inner) != nil {
			e.addMembers(kernel, inner, prefix+m.Name+".", depth+1)
		}
	}
}

// compact drops what [Table.Type] and [Table.Member] find out without it.
func (t *Table) compact() {
	for name, e := range t.types {
		for member, in := range e.members {
			if in == e.in {
				delete(e.members, member)
			}
		}
		if e.in == t.All() && len(e.members) == 0 {
			delete(t.types, name)
		}
	}
}

// Members returns the members of a struct or union, nil for any other type.
func Members(typ btf.Type) []btf.Member {
	switch typ := typ.(type) {
	case *btf.Struct:
		return typ.Members
	case *btf.Union:
		return typ.Members
	}
	return nil
}

// Element returns what typ is an array of, or typ, without qualifiers; a typedef stays.
func Element(typ btf.Type) btf.Type {
	for range maxDepth {
		typ = Unqualified(typ)
		array, ok := typ.(*btf.Array)
		if !ok {
			break
		}
		typ = array.Type
	}
	return typ
}

// Unqualified returns typ without qualifiers and type tags.
func Unqualified(typ btf.Type) btf.Type {
	for range maxDepth {
		switch t := typ.(type) {
		case *btf.Const:
			typ = t.Type
		case *btf.Volatile:
			typ = t.Type
		case *btf.Restrict:
			typ = t.Type
		case *btf.TypeTag:
			typ = t.Type
		default:
			return typ
		}
	}
	return typ
}
