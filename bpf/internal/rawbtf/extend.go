package rawbtf

import (
	"encoding/binary"
	"errors"
)

// Extension is BTF to which types are appended. Those that are there keep their numbers and their places, so that what refers to them,
// relocations and the .BTF.ext section, stays right.
type Extension struct {
	*Types
	header  []byte
	types   []byte
	strings []byte
	next    uint32
	names   map[string]uint32 // of those appended
}

// Extend begins to extend data, which it does not change.
func Extend(data []byte) (*Extension, error) {
	t, err := Parse(data)
	if err != nil {
		return nil, err
	}
	number := func(at int) uint32 { return binary.NativeEndian.Uint32(data[at:]) }
	if number(4) != HeaderSize || number(8) != 0 {
		return nil, errors.New("its types do not follow its header")
	}
	e := &Extension{
		Types:   t,
		header:  data[:HeaderSize],
		types:   data[HeaderSize : HeaderSize+number(12)],
		strings: t.Strings,
		next:    uint32(len(t.At)),
		names:   make(map[string]uint32),
	}
	// What is appended is copied away from data.
	e.types = e.types[:len(e.types):len(e.types)]
	e.strings = e.strings[:len(e.strings):len(e.strings)]
	return e, nil
}

// Add appends a type and returns its number. info is without kind, and what follows the type is in tail.
func (e *Extension) Add(name string, kind, info, sizeOrType uint32, tail ...uint32) uint32 {
	for _, v := range append([]uint32{e.name(name), kind<<24 | info, sizeOrType}, tail...) {
		e.types = binary.NativeEndian.AppendUint32(e.types, v)
	}
	e.next++
	return e.next - 1
}

// Text returns the place of a string, for members.
func (e *Extension) Text(s string) uint32 { return e.name(s) }

func (e *Extension) name(s string) uint32 {
	if s == "" {
		return 0
	}
	if at, ok := e.names[s]; ok {
		return at
	}
	at := uint32(len(e.strings))
	e.names[s] = at
	e.strings = append(append(e.strings, s...), 0)
	return at
}

// Bytes returns the whole.
func (e *Extension) Bytes() []byte {
	b := append([]byte(nil), e.header...)
	binary.NativeEndian.PutUint32(b[12:], uint32(len(e.types)))
	binary.NativeEndian.PutUint32(b[16:], uint32(len(e.types)))
	binary.NativeEndian.PutUint32(b[20:], uint32(len(e.strings)))
	return append(append(b, e.types...), e.strings...)
}
