package vmlinux

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/corerelo"
	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/presence"
)

// use is one thing of a kernel's types that a relocation depends on.
type use struct {
	keyword string // struct, union, enum, or "" for a typedef
	typ     string
	member  string // dotted below a member of anonymous type; "" for the type itself
}

func (u use) in(t *presence.Table) presence.Set {
	if u.member == "" {
		return t.Type(u.typ)
	}
	return t.Member(u.typ, u.member)
}

// warning says which of kernels, the oldest first, lack u, and what to do.
func (u use) warning(in presence.Set, kernels []string) string {
	typ := strings.TrimPrefix(u.keyword+" "+u.typ, " ")
	where := extent(in, kernels)
	switch {
	case u.member == "":
		return fmt.Sprintf("there is no %s in %s: guard it with bpf_core_type_exists", typ, where)
	case u.keyword == "enum":
		return fmt.Sprintf("%s has no %s in %s: guard it with bpf_core_enum_value_exists", typ, u.member, where)
	}
	return fmt.Sprintf("%s has no member %s in %s: guard it with bpf_core_field_exists", typ, u.member, where)
}

// extent describes the kernels that are not in in.
func extent(in presence.Set, kernels []string) string {
	var with, without []int
	for i := range kernels {
		if in.Has(i) {
			with = append(with, i)
		} else {
			without = append(without, i)
		}
	}
	last := len(kernels) - 1
	if len(with) > 0 && with[len(with)-1]-with[0] == len(with)-1 { // one stretch
		first, end := with[0], with[len(with)-1]
		switch {
		case first == 0:
			return fmt.Sprintf("%s and later (it exists up to %s)", kernels[end+1], kernels[end])
		case end == last:
			return fmt.Sprintf("%s and earlier (it exists since %s)", kernels[first-1], kernels[first])
		}
	}
	names := make([]string, len(without))
	for i, k := range without {
		names[i] = kernels[k]
	}
	return strings.Join(names, ", ")
}

// usesOf returns what r depends on: every member on its way into nested structs.
func usesOf(r corerelo.Relocation) []use {
	root, typ := named(r.Type)
	if !r.Kind.Field() {
		if enum, ok := typ.(*btf.Enum); ok && (r.Kind == corerelo.EnumvalExists || r.Kind == corerelo.EnumvalValue) {
			if i, err := strconv.Atoi(r.Access); err == nil && i >= 0 && i < len(enum.Values) {
				root.member = essential(enum.Values[i].Name)
			}
		}
		return []use{root}
	}
	var uses []use
	path := ""
	// The first index is that of "p[0]", of no concern.
	_, access, _ := strings.Cut(r.Access, ":")
	for _, index := range strings.Split(access, ":") {
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 {
			return uses
		}
		if array, ok := typ.(*btf.Array); ok {
			typ = array.Type
		} else if ms := presence.Members(typ); i < len(ms) {
			m := ms[i]
			if m.Name != "" {
				path = strings.TrimPrefix(path+"."+m.Name, ".")
				u := root
				u.member = path
				uses = append(uses, u)
			}
			typ = m.Type
		} else {
			return uses
		}
		next, below := named(typ)
		typ = below
		if next.typ != "" {
			root, path = next, ""
		}
	}
	return uses
}

// named returns how typ is called, nothing where it is anonymous or an array, and
// what it is behind typedefs and qualifiers.
func named(typ btf.Type) (use, btf.Type) {
	u := use{}
	const enough = 32 // typedefs, as malformed ones have no end
	for range enough {
		typ = presence.Unqualified(typ)
		def, ok := typ.(*btf.Typedef)
		if !ok {
			break
		}
		u.typ, typ = def.Name, def.Type
	}
	if name := typ.TypeName(); name != "" {
		u.typ = name
	}
	u.typ = essential(u.typ)
	switch typ.(type) {
	case *btf.Struct:
		u.keyword = "struct"
	case *btf.Union:
		u.keyword = "union"
	case *btf.Enum:
		u.keyword = "enum"
	default:
		return use{}, typ
	}
	if typ.TypeName() == "" {
		u.keyword = ""
	}
	return u, typ
}

// essential returns name without the flavour that CO-RE ignores, ___ and what follows.
func essential(name string) string {
	if i := strings.LastIndex(name, "___"); i > 0 {
		return name[:i]
	}
	return name
}
