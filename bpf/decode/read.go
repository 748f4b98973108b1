package decode

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Bytes returns the bytes of the field in b, a value of the struct or union that lists the field.
// It returns nil where b ends before the field does, save for arrays, strings, structs and
// unions, of which it returns what is there; a flexible array has all that is left of b.
// The result aliases b. For a bit field use Bits.
func (f *Field) Bytes(b []byte) []byte {
	switch {
	case len(b) >= f.end && f.open:
		return b[f.Offset:]
	case len(b) >= f.end:
		return b[f.Offset:f.end]
	case len(b) < f.Offset:
		return nil
	}
	switch f.Type.Kind {
	case Array, String:
		return b[f.Offset:]
	case Struct, Union:
		if len(b) > f.Offset {
			return b[f.Offset:]
		}
	}
	return nil
}

// Bits returns a Bool, Int, Uint, Enum or Pointer field of b, a value of the struct that lists the
// field: sign-extended to 64 bits where the type is signed. ok is false where b ends
// before the field does, and for fields of other kinds.
func (f *Field) Bits(b []byte) (v uint64, ok bool) {
	if len(b) < f.end {
		return 0, false
	}
	p := b[f.Offset:f.end]
	switch f.load {
	case loadBitsLE:
		return bitsLE(p, f.BitOffset, f.BitSize, f.Type.signed()), true
	case loadBitsBE:
		return bitsBE(p, f.BitOffset, f.BitSize, f.Type.signed()), true
	}
	return f.load.from(p)
}

// Bits returns a Bool, Int, Uint, Enum or Pointer that is stored at the start of b,
// sign-extended to 64 bits where the type is signed. ok is false where b is too
// short, and for types of other kinds.
func (t *Type) Bits(b []byte) (v uint64, ok bool) {
	if len(b) < t.Size {
		return 0, false
	}
	return t.load.from(b)
}

// Float returns a Float that is stored at the start of b. ok is false where b is
// too short, and for types of other kinds.
func (t *Type) Float(b []byte) (v float64, ok bool) {
	if t.Kind != Float || len(b) < t.Size {
		return 0, false
	}
	if t.Size == 4 {
		return float64(math.Float32frombits(binary.NativeEndian.Uint32(b))), true
	}
	return math.Float64frombits(binary.NativeEndian.Uint64(b)), true
}

// Elements returns how many whole elements of the Array t are in b, which starts with the first. Element i
// is at b[i*t.Elem.Size:].
func (t *Type) Elements(b []byte) int {
	if t.Kind != Array {
		return 0
	}
	if t.Elem.Size == 0 {
		return t.Len
	}
	n := len(b) / t.Elem.Size
	if t.open {
		return n
	}
	return min(n, t.Len)
}

// read returns the field of b: the bits of a scalar, the bytes of all else. ok is false where b
// ends before the field does.
func (f *Field) read(b []byte) (v uint64, p []byte, ok bool) {
	if f.load != loadNone {
		v, ok = f.Bits(b)
		return v, nil, ok
	}
	p = f.Bytes(b)
	return 0, p, p != nil
}

// CString returns the text of b up to its first NUL, or all of it.
func CString(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// signed says whether the numbers of t are.
func (t *Type) signed() bool {
	return t.Kind == Int || t.Kind == Enum && t.Signed
}

// load is how a scalar gets from memory into 64 bits.
type load uint8

const (
	loadNone load = iota // no scalar
	loadU8
	loadU16
	loadU32
	load64
	loadS8
	loadS16
	loadS32
	loadBitsLE // a bit field of a little-endian machine
	loadBitsBE // a bit field of a big-endian machine
)

// loadFor returns how a scalar of size bytes is loaded, or loadNone for a size that no machine has.
func loadFor(size int, signed bool) load {
	switch size {
	case 1:
		if signed {
			return loadS8
		}
		return loadU8
	case 2:
		if signed {
			return loadS16
		}
		return loadU16
	case 4:
		if signed {
			return loadS32
		}
		return loadU32
	case 8:
		return load64
	}
	return loadNone
}

// from loads what is at the start of p, which is long enough.
func (l load) from(p []byte) (uint64, bool) {
	switch l {
	case loadU32:
		return uint64(binary.NativeEndian.Uint32(p)), true
	case load64:
		return binary.NativeEndian.Uint64(p), true
	case loadS32:
		return uint64(int32(binary.NativeEndian.Uint32(p))), true
	case loadU8:
		return uint64(p[0]), true
	case loadS8:
		return uint64(int8(p[0])), true
	case loadU16:
		return uint64(binary.NativeEndian.Uint16(p)), true
	case loadS16:
		return uint64(int16(binary.NativeEndian.Uint16(p))), true
	}
	return 0, false
}
