package bpf

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// coreRelocation is how package btf renders a relocation, which is all that it tells of one: its kind, what it is of, and where in that, in
// libbpf's notation.
var coreRelocation = regexp.MustCompile(`^CORERelocation\((\w+), .*\[([0-9:]*)\], local_id=(\d+)\)$`)

// relocations returns what CO-RE asks for insns, sorted.
func (o *Object) relocations(insns asm.Instructions) []RelocationDescription {
	all := []RelocationDescription{}
	for i := range insns {
		relocation := btf.CORERelocationMetadata(&insns[i])
		if relocation == nil {
			continue
		}
		m := coreRelocation.FindStringSubmatch(relocation.String())
		if m == nil {
			continue
		}
		of, _ := o.relocated(m[2], m[3])
		r := RelocationDescription{Kind: m[1], Of: of, Count: 1}
		at := slices.IndexFunc(all, func(have RelocationDescription) bool { return have.Kind == r.Kind && have.Of == r.Of })
		if at >= 0 {
			all[at].Count++
			continue
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b RelocationDescription) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// relocated names what a relocation is of, as C would, and returns its type; nil where that cannot be told.
func (o *Object) relocated(access, id string) (string, btf.Type) {
	number, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return id, nil
	}
	t, err := o.spec.Types.TypeByID(btf.TypeID(number))
	if err != nil {
		return id, nil
	}
	name := keyword(t) + t.TypeName()
	steps := strings.Split(access, ":")
	if len(steps) == 0 {
		return name, t
	}
	if enum, ok := btf.UnderlyingType(t).(*btf.Enum); ok {
		if i, err := strconv.Atoi(steps[0]); err == nil && i >= 0 && i < len(enum.Values) {
			name += "." + enum.Values[i].Name
		}
		return name, nil
	}
	// The first step is through the pointer.
	for _, step := range steps[1:] {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 {
			return name, nil
		}
		switch u := btf.UnderlyingType(t).(type) {
		case *btf.Struct:
			name, t = accessed(name, u.Members, i)
		case *btf.Union:
			name, t = accessed(name, u.Members, i)
		case *btf.Array:
			name, t = fmt.Sprintf("%s[%d]", name, i), u.Type
		default:
			return name, nil
		}
		if t == nil {
			return name, nil
		}
	}
	return name, t
}

// accessed goes on from name to member i. Members without a name are passed through, as C does.
func accessed(name string, members []btf.Member, i int) (string, btf.Type) {
	if i >= len(members) {
		return name, nil
	}
	if members[i].Name != "" {
		name += "." + members[i].Name
	}
	return name, members[i].Type
}

// keyword returns the word that C has before the name of t, with a space.
func keyword(t btf.Type) string {
	switch t.(type) {
	case *btf.Struct:
		return "struct "
	case *btf.Union:
		return "union "
	case *btf.Enum:
		return "enum "
	}
	return ""
}
