// Package rawbtf reads BTF as it lies in a file, to change it in place or to append to it: what a loader takes apart and puts together
// again has other numbers afterwards.
package rawbtf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of BTF types (BTF_KIND_* in include/uapi/linux/btf.h).
const (
	Int      = 1
	Pointer  = 2
	Array    = 3
	Struct   = 4
	Union    = 5
	Enum     = 6
	Typedef  = 8
	Volatile = 9
	Const    = 10
	Restrict = 11
	Var      = 14
	Datasec  = 15
	Float    = 16
	DeclTag  = 17
	TypeTag  = 18
	Enum64   = 19
)

// Sizes in bytes.
const (
	HeaderSize = 24 // struct btf_header
	TypeSize   = 12 // struct btf_type
	MemberSize = 12 // struct btf_member
	InfoSize   = 12 // struct btf_var_secinfo
)

// extra is how many bytes follow a struct btf_type, by kind: for each element, and once.
var extra = [...]struct{ each, once int }{
	1:  {once: 4}, // integer
	3:  {once: 12},
	4:  {each: 12},
	5:  {each: 12}, // union
	6:  {each: 8},  // enum
	13: {each: 8},  // function prototype
	14: {once: 4},
	15: {each: 12},
	17: {once: 4},  // declaration tag
	19: {each: 12}, // 64-bit enum
}

// Types is the BTF of an object, in place.
type Types struct {
	At      [][]byte // by ID: a struct btf_type with what follows it; At[0] is nil
	Strings []byte
}

// Parse reads data, the contents of a section .BTF of this machine's byte order, and keeps it: what is written to the types is written there.
func Parse(data []byte) (*Types, error) {
	if len(data) < HeaderSize {
		return nil, errors.New("it is cut short")
	}
	number := func(at int) uint64 { return uint64(binary.NativeEndian.Uint32(data[at:])) }
	body := number(4)
	section := func(offset, length uint64) ([]byte, error) {
		if start := body + offset; start+length <= uint64(len(data)) {
			return data[start : start+length], nil
		}
		return nil, errors.New("a part of it lies beyond its end")
	}
	raw, err := section(number(8), number(12))
	if err != nil {
		return nil, err
	}
	text, err := section(number(16), number(20))
	if err != nil {
		return nil, err
	}
	t := &Types{At: [][]byte{nil}, Strings: text}
	for len(raw) > 0 {
		if len(raw) < TypeSize {
			return nil, errors.New("a type is cut short")
		}
		size := TypeSize
		if kind := int(KindOf(raw)); kind < len(extra) {
			size += extra[kind].once + extra[kind].each*int(LengthOf(raw))
		} else if kind > TypeTag {
			return nil, fmt.Errorf("type %d is of unknown kind %d", len(t.At), kind)
		}
		if len(raw) < size {
			return nil, errors.New("a type is cut short")
		}
		t.At = append(t.At, raw[:size])
		raw = raw[size:]
	}
	return t, nil
}

// NameOf, InfoOf, KindOf, LengthOf and TargetOf return fields of struct btf_type: the place of the name, the whole of info and its kind and number of
// elements, and what is a size or the number of another type.
func NameOf(t []byte) uint32   { return binary.NativeEndian.Uint32(t) }
func InfoOf(t []byte) uint32   { return binary.NativeEndian.Uint32(t[4:]) }
func KindOf(t []byte) uint32   { return InfoOf(t) >> 24 & 0x1f }
func LengthOf(t []byte) uint32 { return InfoOf(t) & 0xffff }
func TargetOf(t []byte) uint32 { return binary.NativeEndian.Uint32(t[8:]) }

// Name returns the string at a place of the table, "" where there is none.
func (t *Types) Name(at uint32) string {
	if uint64(at) >= uint64(len(t.Strings)) {
		return ""
	}
	name := t.Strings[at:]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return string(name)
}

// Resolve returns the type behind typedefs and qualifiers, or nil.
func (t *Types) Resolve(id uint32) []byte { return t.At[t.Skip(id)] }

// Skip returns the ID of the type behind typedefs and qualifiers, or 0, which is void.
func (t *Types) Skip(id uint32) uint32 {
	for range t.At { // a cycle has no more steps than that
		if uint64(id) >= uint64(len(t.At)) || id == 0 {
			return 0
		}
		switch raw := t.At[id]; KindOf(raw) {
		case Typedef, Volatile, Const, Restrict, TypeTag:
			id = TargetOf(raw)
		default:
			return id
		}
	}
	return 0
}

// Section returns the section called name, or nil.
func (t *Types) Section(name string) []byte {
	for _, raw := range t.At[1:] {
		if KindOf(raw) == Datasec && t.Name(NameOf(raw)) == name {
			return raw
		}
	}
	return nil
}

// Variables calls yield with each variable of a section.
func (t *Types) Variables(section []byte, yield func(variable []byte)) {
	for infos := section[min(TypeSize, len(section)):]; len(infos) >= InfoSize; infos = infos[InfoSize:] {
		id := binary.NativeEndian.Uint32(infos)
		if id > 0 && uint64(id) < uint64(len(t.At)) && KindOf(t.At[id]) == Var {
			yield(t.At[id])
		}
	}
}

// VariableNames returns the names of a section's variables.
func (t *Types) VariableNames(section string) map[string]bool {
	names := make(map[string]bool)
	t.Variables(t.Section(section), func(v []byte) { names[t.Name(NameOf(v))] = true })
	return names
}
