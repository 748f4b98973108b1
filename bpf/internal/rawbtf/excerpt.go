package rawbtf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Excerpt returns BTF of its own with the types of the given numbers and all that belongs to their layout: members, elements and what typedefs and
// qualifiers stand for. It ends at pointers, which point to void there, and at prototypes, which have no parameters. Types are in the order that they
// had; their numbers are others. So CO-RE comes to the same results for the layout of a type, its size, its members and its enumerators, as it does
// with the whole; it does not for numbers of types and for what is behind pointers.
func (x *Index) Excerpt(roots []uint32) ([]byte, error) {
	e := &excerpt{from: x, numbers: map[uint32]uint32{0: 0}, places: map[uint32]uint32{0: 0}, strings: []byte{0}}
	if err := e.collect(roots); err != nil {
		return nil, err
	}
	header := make([]byte, HeaderSize)
	e.types = header
	for _, id := range e.order {
		if err := e.write(x.at(id)); err != nil {
			return nil, fmt.Errorf("type %d: %w", id, err)
		}
	}
	n := len(e.types) - HeaderSize
	header = e.types[:HeaderSize]
	binary.NativeEndian.PutUint16(header, magic)
	header[2] = 1 // version
	for i, v := range []int{HeaderSize, 0, n, n, len(e.strings)} {
		binary.NativeEndian.PutUint32(header[4+4*i:], uint32(v))
	}
	return append(e.types, e.strings...), nil
}

type excerpt struct {
	from    *Index
	order   []uint32          // the numbers that its types have in the whole
	numbers map[uint32]uint32 // the new for the old
	places  map[uint32]uint32 // of strings
	types   []byte
	strings []byte
}

// collect finds all types that belong to roots and numbers them.
func (e *excerpt) collect(roots []uint32) error {
	pending := slices.Clone(roots)
	for len(pending) > 0 {
		id := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if _, ok := e.numbers[id]; ok {
			continue
		}
		t := e.from.at(id)
		if t == nil {
			return fmt.Errorf("there is no type %d", id)
		}
		e.numbers[id] = 0 // until all are known
		e.order = append(e.order, id)
		for _, at := range references(t) {
			pending = append(pending, binary.NativeEndian.Uint32(t[at:]))
		}
	}
	slices.Sort(e.order)
	for i, id := range e.order {
		e.numbers[id] = uint32(i + 1)
	}
	return nil
}

// references returns where in t the numbers of types lie that belong to its layout.
func references(t []byte) []int {
	const target = 8 // of struct btf_type
	switch KindOf(t) {
	case Typedef, Volatile, Const, Restrict, TypeTag:
		return []int{target}
	case Array:
		return []int{TypeSize, TypeSize + 4} // element and index
	case Struct, Union:
		at := make([]int, LengthOf(t))
		for i := range at {
			at[i] = TypeSize + i*MemberSize + 4
		}
		return at
	}
	return nil
}

// write appends t with numbers and places of strings as they are here.
func (e *excerpt) write(t []byte) error {
	begins := len(e.types)
	e.types = append(e.types, t...)
	own := e.types[begins:]
	names := []int{0}
	switch kind := KindOf(t); kind {
	case Int, Forward, Typedef, Volatile, Const, Restrict, TypeTag, Float, Array:
	case Pointer:
		binary.NativeEndian.PutUint32(own[8:], 0)
	case FuncProto:
		e.types = e.types[:begins+TypeSize]
		binary.NativeEndian.PutUint32(own[4:], FuncProto<<24)
		binary.NativeEndian.PutUint32(own[8:], 0)
	case Struct, Union, Enum, Enum64:
		each := extra[kind].each
		for at := TypeSize; at < len(t); at += each {
			names = append(names, at)
		}
	default:
		return fmt.Errorf("kind %d is no part of a layout", kind)
	}
	for _, at := range references(t) {
		binary.NativeEndian.PutUint32(own[at:], e.numbers[binary.NativeEndian.Uint32(t[at:])])
	}
	for _, at := range names {
		place, err := e.text(binary.NativeEndian.Uint32(t[at:]))
		if err != nil {
			return err
		}
		binary.NativeEndian.PutUint32(own[at:], place)
	}
	return nil
}

// text returns the place of the string that the whole has at at.
func (e *excerpt) text(at uint32) (uint32, error) {
	if place, ok := e.places[at]; ok {
		return place, nil
	}
	s := e.from.name(at)
	if s == nil {
		return 0, fmt.Errorf("there is no string at %d", at)
	}
	if len(e.strings)+len(s) > len(e.from.strings) {
		return 0, errors.New("its strings overlap")
	}
	place := uint32(len(e.strings))
	e.places[at] = place
	e.strings = append(append(e.strings, s...), 0)
	return place, nil
}
