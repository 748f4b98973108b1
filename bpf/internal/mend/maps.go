package mend

import (
	"encoding/binary"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// mendMaps rewrites definitions of maps of the BTF style. libbpf lets them give a key's or value's size beside its type, and the
// memory node to live on. cilium/ebpf refuses both, and neither says anything that matters, since a size that is not the
// type's is an error: so these members become copies of another.
func (t *types) mendMaps() {
	t.Variables(t.Section(".maps"), func(v []byte) {
		values := t.mendMap(t.Resolve(rawbtf.TargetOf(v)))
		t.mendMap(t.inner(values))
	})
}

// mendMap mends one definition and returns its member "values", if it has one.
func (t *types) mendMap(definition []byte) (values []byte) {
	if definition == nil || rawbtf.KindOf(definition) != rawbtf.Struct {
		return nil
	}
	members := make(map[string][]byte)
	for list := definition[rawbtf.TypeSize:]; len(list) >= rawbtf.MemberSize; list = list[rawbtf.MemberSize:] {
		members[t.Name(rawbtf.NameOf(list))] = list[:rawbtf.MemberSize]
	}
	kind := members["type"]
	if kind == nil {
		return nil
	}
	for _, needless := range []struct {
		member string
		beside string // what must be there too; "": nothing
	}{
		{"key_size", "key"}, {"value_size", "value"}, {"numa_node", ""},
	} {
		m := members[needless.member]
		if m == nil || needless.beside != "" && members[needless.beside] == nil {
			continue
		}
		// The name and the type; the offset stays.
		copy(m[:8], kind[:8])
	}
	return members["values"]
}

// inner returns the definition of the map inside from the member "values" of a map of maps: an array of pointers to it.
func (t *types) inner(member []byte) []byte {
	if member == nil {
		return nil
	}
	array := t.Resolve(binary.NativeEndian.Uint32(member[4:]))
	if array == nil || rawbtf.KindOf(array) != rawbtf.Array {
		return nil
	}
	pointer := t.Resolve(binary.NativeEndian.Uint32(array[rawbtf.TypeSize:]))
	if pointer == nil || rawbtf.KindOf(pointer) != rawbtf.Pointer {
		return nil
	}
	return t.Resolve(rawbtf.TargetOf(pointer))
}
