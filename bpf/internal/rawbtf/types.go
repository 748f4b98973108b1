// Package rawbtf reads BTF as it lies in a file: to change it in place or to append to it, since what a loader takes apart and puts together
// again has other numbers afterwards, and to take a few types out of the kernel's, of which a loader would look at every one.
package rawbtf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of BTF types (BTF_KIND_* in include/uapi/linux/btf.h).
const (
	Int       = 1
	Pointer   = 2
	Array     = 3
	Struct    = 4
	Union     = 5
	Enum      = 6
	Forward   = 7
	Typedef   = 8
	Volatile  = 9
	Const     = 10
	Restrict  = 11
	Func      = 12
	FuncProto = 13
	Var       = 14
	Datasec   = 15
	Float     = 16
	DeclTag   = 17
	TypeTag   = 18
	Enum64    = 19
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
	Int:       {once: 4},
	Array:     {once: 12},
	Struct:    {each: MemberSize},
	Union:     {each: MemberSize},
	Enum:      {each: 8},
	FuncProto: {each: 8},
	Var:       {once: 4},
	Datasec:   {each: InfoSize},
	DeclTag:   {once: 4},
	Enum64:    {each: 12},
}

// sizeOf returns how long the type is that begins with the struct btf_type at the beginning of t, with what follows it, or 0 for a kind that is unknown.
func sizeOf(t []byte) int {
	info := InfoOf(t)
	kind := info >> 24 & 0x1f
	if kind >= uint32(len(extra)) || kind == 0 {
		return 0
	}
	e := &extra[kind]
	return TypeSize + e.once + e.each*int(info&0xffff)
}

// Types is the BTF of an object, in place.
type Types struct {
	At      [][]byte // by ID: a struct btf_type with what follows it; At[0] is nil
	Strings []byte
}

// Parse reads data, the contents of a section .BTF of this machine's byte order, and keeps it: what is written to the types is written there.
func Parse(data []byte) (*Types, error) {
	raw, text, err := sections(data)
	if err != nil {
		return nil, err
	}
	t := &Types{At: [][]byte{nil}, Strings: text}
	for len(raw) > 0 {
		if len(raw) < TypeSize {
			return nil, errors.New("a type is cut short")
		}
		size := sizeOf(raw)
		if size == 0 {
			return nil, fmt.Errorf("type %d is of unknown kind %d", len(t.At), KindOf(raw))
		}
		if len(raw) < size {
			return nil, errors.New("a type is cut short")
		}
		t.At = append(t.At, raw[:size])
		raw = raw[size:]
	}
	return t, nil
}

// sections returns the types and the strings of data.
func sections(data []byte) (types, strings []byte, err error) {
	if len(data) < HeaderSize {
		return nil, nil, errors.New("it is cut short")
	}
	number := func(at int) uint64 { return uint64(binary.NativeEndian.Uint32(data[at:])) }
	body := number(4)
	section := func(offset, length uint64) []byte {
		if start := body + offset; start+length <= uint64(len(data)) {
			return data[start : start+length : start+length]
		}
		return nil
	}
	types, strings = section(number(8), number(12)), section(number(16), number(20))
	if types == nil || strings == nil {
		return nil, nil, errors.New("a part of it lies beyond its end")
	}
	return types, strings, nil
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
	t.each(section, func(raw []byte) {
		if KindOf(raw) == Var {
			yield(raw)
		}
	})
}

// Names returns the names of a section's variables and functions.
func (t *Types) Names(section string) map[string]bool {
	names := make(map[string]bool)
	t.each(t.Section(section), func(raw []byte) { names[t.Name(NameOf(raw))] = true })
	return names
}

// each calls yield with each type that a section lists.
func (t *Types) each(section []byte, yield func(raw []byte)) {
	for infos := section[min(TypeSize, len(section)):]; len(infos) >= InfoSize; infos = infos[InfoSize:] {
		if id := binary.NativeEndian.Uint32(infos); id > 0 && uint64(id) < uint64(len(t.At)) {
			yield(t.At[id])
		}
	}
}
