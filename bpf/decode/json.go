package decode

import (
	"math"
	"strconv"
)

// AppendJSON appends the value b as JSON: exact integers, enumerators by name and numbers where there is none,
// pointers as "0x…" strings, text as valid UTF-8, Opaque as a string of hex digits, floats
// that JSON lacks as null. Members that b is too short for are left out; a scalar that b is too short for is null.
func (t *Type) AppendJSON(dst, b []byte) []byte {
	switch t.Kind {
	case Struct, Union:
		return append(t.AppendJSONMembers(append(dst, '{'), b), '}')
	case Array:
		dst = append(dst, '[')
		for i := range t.Elements(b) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = t.Elem.AppendJSON(dst, t.element(b, i))
		}
		return append(dst, ']')
	case String:
		return AppendJSONString(dst, CString(t.clip(b)))
	case Float:
		v, ok := t.Float(b)
		if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			return append(dst, "null"...)
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 8*t.Size)
	case Opaque:
		if len(b) < t.Size {
			return append(dst, "null"...)
		}
		dst = appendHex(append(dst, quote), b[:t.Size])
		return append(dst, quote)
	}
	v, ok := t.Bits(b)
	if !ok {
		return append(dst, "null"...)
	}
	return t.appendJSONBits(dst, v)
}

// AppendJSONMembers appends what AppendJSON puts between the braces of the struct or union t,
// so that a caller can add members of its own.
func (t *Type) AppendJSONMembers(dst, b []byte) []byte {
	start := len(dst)
	for i := range t.Fields {
		f := &t.Fields[i]
		v, p, ok := f.read(b)
		if !ok {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, f.jsonKey...)
		dst = f.appendJSON(dst, v, p)
	}
	return dst
}

// appendJSON appends what read returned.
func (f *Field) appendJSON(dst []byte, v uint64, p []byte) []byte {
	if f.load != loadNone {
		return f.Type.appendJSONBits(dst, v)
	}
	return f.Type.AppendJSON(dst, p)
}

// appendJSONBits appends the scalar v of type t.
func (t *Type) appendJSONBits(dst []byte, v uint64) []byte {
	switch t.Kind {
	case Bool:
		return strconv.AppendBool(dst, v != 0)
	case Pointer:
		dst = appendAddress(append(dst, quote), v)
		return append(dst, quote)
	case Enum:
		if name := t.Enumerator(v); name != "" {
			dst = append(append(dst, quote), name...)
			return append(dst, quote)
		}
	}
	return t.appendInteger(dst, v)
}

// appendInteger appends the number v of type t in decimal.
func (t *Type) appendInteger(dst []byte, v uint64) []byte {
	if t.signed() {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return strconv.AppendUint(dst, v, 10)
}

// element returns the bytes of element i of b.
func (t *Type) element(b []byte, i int) []byte {
	return b[i*t.Elem.Size : (i+1)*t.Elem.Size]
}

// clip returns the part of b that belongs to t, a String.
func (t *Type) clip(b []byte) []byte {
	if t.open {
		return b
	}
	return b[:min(len(b), t.Len)]
}
