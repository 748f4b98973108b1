package bpf

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

// MapInfo describes a map that holds data by key: a hash, an array, a trie.
type MapInfo struct {
	Name   string
	Key    *decode.Type
	Value  *decode.Type // of one CPU
	PerCPU bool
	Array  bool // keys are indices, and every entry exists
	// Entry is a struct of key and value, as entries are returned. The members of a key or a value that is a struct are its own, so
	// that they read like columns of a table; what is no struct is called key or value, and so is a struct whose
	// members clash with the other's.
	Entry *decode.Type
	// Scratch is set for maps in which programs keep what they need between two events, and not what they found out: those that they
	// delete from, those that are called start, and per-CPU memory for text, which cannot be added up.
	Scratch bool
}

// KeyOf and ValueOf return the parts of an entry. They alias it.
func (m *MapInfo) KeyOf(entry []byte) []byte   { return entry[:m.Key.Size] }
func (m *MapInfo) ValueOf(entry []byte) []byte { return entry[m.Entry.Size-m.Value.Size:] }

// Maps returns the maps that hold data by key in the order of their names, without the sections of global variables.
func (o *Object) Maps() []*MapInfo {
	if o.maps == nil {
		o.maps = o.listMaps()
	}
	return slices.Clone(o.maps)
}

func (o *Object) listMaps() []*MapInfo {
	deleted := o.deletedFrom()
	var infos []*MapInfo
	for name, spec := range o.spec.Maps {
		kind := mapKinds[spec.Type]
		if !kind.data || isSection(spec) {
			continue
		}
		m := &MapInfo{Name: name, PerCPU: kind.perCPU, Array: kind.array}
		if !m.layOut(spec, o.markPortsOfKey(name, spec.Key)) {
			continue
		}
		m.Scratch = deleted[name] || startName.MatchString(name) || m.PerCPU && holdsText(m.Value)
		infos = append(infos, m)
	}
	slices.SortFunc(infos, func(a, b *MapInfo) int { return strings.Compare(a.Name, b.Name) })
	return infos
}

// isSection reports whether the map holds global variables.
func isSection(spec *ebpf.MapSpec) bool { return strings.HasPrefix(spec.Name, ".") }

// layOut sets the types of keys, values and entries, key being the type of a key as far as that is known. It reports whether they are what the kernel
// keeps.
func (m *MapInfo) layOut(spec *ebpf.MapSpec, key btf.Type) bool {
	key, value := ofSize(key, spec.KeySize), ofSize(spec.Value, spec.ValueSize)
	var err error
	if m.Key, err = decode.New(key); err != nil || m.Key.Size != int(spec.KeySize) {
		return false
	}
	if m.Value, err = decode.New(value); err != nil || m.Value.Size != int(spec.ValueSize) {
		return false
	}
	const alignment = 8 // as much as any value needs
	offset := (m.Key.Size + alignment - 1) &^ (alignment - 1)
	members := []btf.Member{
		{Name: "key", Type: key},
		{Name: "value", Type: value, Offset: btf.Bits(8 * offset)},
	}
	if !clash(m.Key, m.Value) {
		flatten(&members[0])
		flatten(&members[1])
	}
	m.Entry, err = decode.New(&btf.Struct{Name: spec.Name, Size: uint32(offset) + spec.ValueSize, Members: members})
	return err == nil
}

// ofSize returns t or, where the source gives no more than a size, an integer or bytes of that size.
func ofSize(t btf.Type, size uint32) btf.Type {
	switch {
	case t != nil:
		return t
	case size == 1, size == 2, size == 4, size == 8:
		return &btf.Int{Name: "unsigned", Size: size}
	}
	return &btf.Array{Type: &btf.Int{Name: "__u8", Size: 1}, Nelems: size}
}

// flatten makes the members of a struct those of the struct around it.
func flatten(m *btf.Member) {
	if s, ok := btf.UnderlyingType(m.Type).(*btf.Struct); ok && len(s.Members) > 0 {
		m.Name, m.Type = "", s
	}
}

// startName is what maps are called in which programs note when something began.
var startName = regexp.MustCompile(`(?i)^(start|begin)s?$|^(start|begin)s?_|_(start|begin)s?$`)

// clash reports whether members of two structs have one name, or one that a member of the entry may have.
func clash(key, value *decode.Type) bool {
	for i := range key.Fields {
		if name := key.Fields[i].Name; value.Field(name) != nil || name == "value" {
			return true
		}
	}
	return value.Field("key") != nil
}

// holdsText reports whether t is or has a string.
func holdsText(t *decode.Type) bool {
	switch t.Kind {
	case decode.String:
		return true
	case decode.Array:
		return holdsText(t.Elem)
	}
	return slices.ContainsFunc(t.Fields, func(f decode.Field) bool { return holdsText(f.Type) })
}

// deletedFrom returns the maps that programs delete entries of.
func (o *Object) deletedFrom() map[string]bool {
	deleted := make(map[string]bool)
	isDelete := func(f asm.BuiltinFunc) bool { return f == asm.FnMapDeleteElem }
	for _, p := range o.spec.Programs {
		for _, call := range flow.Calls(p.Instructions, isDelete) {
			if m := call.Args[1]; m.Kind == flow.Map {
				deleted[m.Map] = true
			}
		}
	}
	return deleted
}
