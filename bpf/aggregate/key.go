package aggregate

import (
	"encoding/binary"
	"math"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// A key is the bytes of its parts, one behind the other, each a kind and then:
//
//	numeric    a numberKind and 8 bytes
//	boolean    a byte
//	textual    the length as an unsigned varint, and the text
//	data       the same
//
// Equal values have equal bytes, wherever they come from: a field of 32 bits and a number of a script.

func appendNumber(key []byte, n Number) []byte {
	if n.kind == floating {
		n = Float(n.Float64()) // also where it was made otherwise
		if n.IsNaN() {
			n.bits = math.Float64bits(math.NaN()) // there are many
		}
	}
	return binary.NativeEndian.AppendUint64(append(key, byte(numeric), byte(n.kind)), n.bits)
}

func appendBytes[T string | []byte](key []byte, kind valueKind, b T) []byte {
	key = append(key, byte(kind))
	if len(b) < 0x80 {
		key = append(key, byte(len(b)))
	} else {
		key = binary.AppendUvarint(key, uint64(len(b)))
	}
	return append(key, b...)
}

func (v Value) appendKey(key []byte) []byte {
	switch v.kind {
	case numeric:
		return appendNumber(key, v.number)
	case boolean:
		return append(key, byte(boolean), byte(v.number.bits))
	case textual, data:
		return appendBytes(key, v.kind, v.text)
	}
	return append(key, byte(absent))
}

// cutValue returns the first part of key and what follows it. typ is what the records say of it.
func cutValue(key []byte, typ *decode.Type) (v Value, rest []byte) {
	v = Value{kind: valueKind(key[0]), typ: typ}
	key = key[1:]
	switch v.kind {
	case numeric:
		v.number = Number{numberKind(key[0]), binary.NativeEndian.Uint64(key[1:])}
		return v, key[9:]
	case boolean:
		v.number = Uint(uint64(key[0]))
		return v, key[1:]
	case textual, data:
		n, size := binary.Uvarint(key)
		key = key[size:]
		v.text = string(key[:n])
		return v, key[n:]
	}
	return v, key
}

// field reads one field of records, by a path through structs.
type field struct {
	outer []*decode.Field
	*decode.Field
	element        bool // of an array, not a member
	scalar, signed bool
}

// bytesOf returns the struct in record that has the field, or nil where the record ends before it.
func (f *field) bytesOf(record []byte) []byte {
	for _, o := range f.outer {
		record = o.Bytes(record)
	}
	return record
}

// appendKey appends the field of record as a part of a key.
func (f *field) appendKey(key, record []byte) []byte {
	if len(f.outer) > 0 {
		record = f.bytesOf(record)
	}
	if f.scalar {
		bits, ok := f.Bits(record)
		switch {
		case !ok:
			return append(key, byte(absent))
		case f.Type.Kind == decode.Bool:
			return append(key, byte(boolean), byte(min(bits, 1)))
		}
		kind := unsigned
		if f.signed && int64(bits) < 0 {
			kind = negative
		}
		return binary.NativeEndian.AppendUint64(append(key, byte(numeric), byte(kind)), bits)
	}
	b := f.Bytes(record)
	switch {
	case b == nil:
		return append(key, byte(absent))
	case f.Type.Kind == decode.String:
		return appendBytes(key, textual, decode.CString(b))
	case f.Type.Kind == decode.Float:
		v, ok := f.Type.Float(b)
		if !ok {
			return append(key, byte(absent))
		}
		return appendNumber(key, Float(v))
	}
	return appendBytes(key, data, b)
}

// number returns the field of record. ok is false where the record ends before it.
func (f *field) number(record []byte) (n Number, ok bool) {
	if len(f.outer) > 0 {
		record = f.bytesOf(record)
	}
	if f.scalar {
		bits, ok := f.Bits(record)
		if f.signed && int64(bits) < 0 {
			return Number{negative, bits}, ok
		}
		return Number{unsigned, bits}, ok
	}
	v, ok := f.Type.Float(f.Bytes(record))
	return Float(v), ok
}
