package mend

import (
	"encoding/binary"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// mendMaps rewrites definitions of maps of the BTF style. libbpf lets them give a key's or value's size beside its type, and the
// memory node to live on. cilium/ebpf refuses both, and neither says anything that matters, since a size that is not the
// type's is an error: so these members become copies of another. libbpf looks through typedefs for what a map of maps or of programs holds,
// too, and cilium/ebpf does not.
func (t *types) mendMaps() {
	t.Variables(t.Section(".maps"), func(v []byte) {
		values := t.mendMap(t.Resolve(rawbtf.TargetOf(v)))
		t.mendMap(t.inner(values))
	})
}

// hideDeclaredMaps has .maps list none of the maps that another file defines, and returns their names.
func (t *types) hideDeclaredMaps() (names []string) {
	section := t.Section(".maps")
	var defined []byte
	var declared [][]byte
	for infos := section[min(rawbtf.TypeSize, len(section)):]; len(infos) >= rawbtf.InfoSize; infos = infos[rawbtf.InfoSize:] {
		const extern = 2 // BTF_VAR_GLOBAL_EXTERN
		id := binary.NativeEndian.Uint32(infos)
		if uint64(id) >= uint64(len(t.At)) {
			continue
		}
		v := t.At[id]
		if rawbtf.KindOf(v) == rawbtf.Var && len(v) >= rawbtf.TypeSize+4 && binary.NativeEndian.Uint32(v[rawbtf.TypeSize:]) == extern {
			names = append(names, t.Name(rawbtf.NameOf(v)))
			declared = append(declared, infos[:rawbtf.InfoSize])
		} else {
			defined = infos[:rawbtf.InfoSize]
		}
	}
	if len(declared) == 0 {
		return nil
	}
	if defined == nil {
		// There is no such section in the file, where cilium/ebpf would look for its size.
		binary.NativeEndian.PutUint32(section[8:], rawbtf.LengthOf(section))
	}
	for _, info := range declared {
		copy(info, defined) // which is then listed twice: cilium/ebpf goes by the names
	}
	return names
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

// inner returns what the member "values" of a map of maps or of programs is an array of pointers to, without the typedefs and
// qualifiers that were around it, or nil.
func (t *types) inner(member []byte) []byte {
	if member == nil {
		return nil
	}
	array := t.untie(member[4:])
	if array == nil || rawbtf.KindOf(array) != rawbtf.Array {
		return nil
	}
	pointer := t.untie(array[rawbtf.TypeSize:])
	if pointer == nil || rawbtf.KindOf(pointer) != rawbtf.Pointer {
		return nil
	}
	return t.untie(pointer[8:])
}

// untie makes the ID of a type at the beginning of at that of what is behind typedefs and qualifiers, and returns that, or nil.
func (t *types) untie(at []byte) []byte {
	id := t.Skip(binary.NativeEndian.Uint32(at))
	if id != 0 {
		binary.NativeEndian.PutUint32(at, id)
	}
	return t.At[id]
}
