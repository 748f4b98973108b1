package mend

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of BTF types (BTF_KIND_* in include/uapi/linux/btf.h).
const (
	kindPtr      = 2
	kindArray    = 3
	kindStruct   = 4
	kindTypedef  = 8
	kindVolatile = 9
	kindConst    = 10
	kindRestrict = 11
	kindVar      = 14
	kindDatasec  = 15
	kindTypeTag  = 18
)

// Sizes in bytes.
const (
	headerSize = 24 // struct btf_header
	typeSize   = 12 // struct btf_type
	memberSize = 12 // struct btf_member
	infoSize   = 12 // struct btf_var_secinfo
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

// types is the BTF of an object, in place.
type types struct {
	at      [][]byte // by ID: a struct btf_type with what follows it; at[0] is nil
	strings []byte
}

func parseTypes(data []byte) (*types, error) {
	if len(data) < headerSize {
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
	t := &types{at: [][]byte{nil}, strings: text}
	for len(raw) > 0 {
		if len(raw) < typeSize {
			return nil, errors.New("a type is cut short")
		}
		size := typeSize
		if kind := int(kindOf(raw)); kind < len(extra) {
			size += extra[kind].once + extra[kind].each*int(lengthOf(raw))
		} else if kind > kindTypeTag {
			return nil, fmt.Errorf("type %d is of unknown kind %d", len(t.at), kind)
		}
		if len(raw) < size {
			return nil, errors.New("a type is cut short")
		}
		t.at = append(t.at, raw[:size])
		raw = raw[size:]
	}
	return t, nil
}

// Fields of struct btf_type.
func nameOf(t []byte) uint32   { return binary.NativeEndian.Uint32(t) }
func infoOf(t []byte) uint32   { return binary.NativeEndian.Uint32(t[4:]) }
func kindOf(t []byte) uint32   { return infoOf(t) >> 24 & 0x1f }
func lengthOf(t []byte) uint32 { return infoOf(t) & 0xffff }
func targetOf(t []byte) uint32 { return binary.NativeEndian.Uint32(t[8:]) }

func (t *types) name(at uint32) string {
	if uint64(at) >= uint64(len(t.strings)) {
		return ""
	}
	name := t.strings[at:]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return string(name)
}

// resolve returns the type behind typedefs and qualifiers, or nil.
func (t *types) resolve(id uint32) []byte {
	for range t.at { // a cycle has no more steps than that
		if uint64(id) >= uint64(len(t.at)) || id == 0 {
			return nil
		}
		switch raw := t.at[id]; kindOf(raw) {
		case kindTypedef, kindVolatile, kindConst, kindRestrict, kindTypeTag:
			id = targetOf(raw)
		default:
			return raw
		}
	}
	return nil
}

// section returns the section called name, or nil.
func (t *types) section(name string) []byte {
	for _, raw := range t.at[1:] {
		if kindOf(raw) == kindDatasec && t.name(nameOf(raw)) == name {
			return raw
		}
	}
	return nil
}

// variables calls yield with each variable of a section.
func (t *types) variables(section []byte, yield func(variable []byte)) {
	for infos := section[min(typeSize, len(section)):]; len(infos) >= infoSize; infos = infos[infoSize:] {
		id := binary.NativeEndian.Uint32(infos)
		if id > 0 && uint64(id) < uint64(len(t.at)) && kindOf(t.at[id]) == kindVar {
			yield(t.at[id])
		}
	}
}

// variableNames returns the names of a section's variables.
func (t *types) variableNames(section string) map[string]bool {
	names := make(map[string]bool)
	t.variables(t.section(section), func(v []byte) { names[t.name(nameOf(v))] = true })
	return names
}

// rename gives a section a name of the same length.
func (t *types) rename(from, to string) {
	if raw := t.section(from); raw != nil {
		replaceName(t.strings, nameOf(raw), from, to)
	}
}

// hideKconfig renames .kconfig to Externs, and gives it a size, without which cilium/ebpf looks for it in the file.
func (t *types) hideKconfig() {
	raw := t.section(kconfig)
	if raw == nil {
		return
	}
	t.rename(kconfig, Externs)
	binary.NativeEndian.PutUint32(raw[8:], lengthOf(raw))
}
