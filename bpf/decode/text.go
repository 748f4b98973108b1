package decode

import "strconv"

// AppendText appends the value b as people read it, on one line: {pid=12, comm="bash", verdict=ALLOW}.
// Enumerators are shown by name and as numbers where there is none, pointers in hex, strings quoted and escaped,
// Opaque as hex digits. Members that b is too short for are left out; a scalar that b is too short for is "?".
func (t *Type) AppendText(dst, b []byte) []byte {
	switch t.Kind {
	case Struct, Union:
		return t.AppendTextOrdered(dst, b, nil)
	case Array:
		dst = append(dst, '[')
		for i := range t.Elements(b) {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = t.Elem.AppendText(dst, t.element(b, i))
		}
		return append(dst, ']')
	case String:
		return appendQuoted(dst, CString(t.clip(b)))
	case Float:
		v, ok := t.Float(b)
		if !ok {
			return append(dst, '?')
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 8*t.Size)
	case Opaque:
		if len(b) < t.Size {
			return append(dst, '?')
		}
		return appendHex(dst, b[:t.Size])
	}
	v, ok := t.Bits(b)
	if !ok {
		return append(dst, '?')
	}
	return t.appendTextBits(dst, v)
}

// AppendTextOrdered is AppendText for a struct or union with the members order[0], order[1], ..., which
// index t.Fields. Nested structs keep their own order. A nil order is that of the declaration.
func (t *Type) AppendTextOrdered(dst, b []byte, order []int) []byte {
	dst = append(dst, '{')
	start, n := len(dst), len(order)
	if order == nil {
		n = len(t.Fields)
	}
	for i := range n {
		if order != nil {
			i = order[i]
		}
		f := &t.Fields[i]
		v, p, ok := f.read(b)
		if !ok {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ", "...)
		}
		dst = append(dst, f.textKey...)
		dst = f.appendText(dst, v, p)
	}
	return append(dst, '}')
}

// AppendText appends the field of b, a value of the struct that lists it, as [Type.AppendText] does.
func (f *Field) AppendText(dst, b []byte) []byte {
	v, p, ok := f.read(b)
	if !ok {
		return append(dst, '?')
	}
	return f.appendText(dst, v, p)
}

// appendText appends what read returned.
func (f *Field) appendText(dst []byte, v uint64, p []byte) []byte {
	if f.load != loadNone {
		return f.Type.appendTextBits(dst, v)
	}
	return f.Type.AppendText(dst, p)
}

// appendTextBits appends the scalar v of type t.
func (t *Type) appendTextBits(dst []byte, v uint64) []byte {
	switch t.Kind {
	case Bool:
		return strconv.AppendBool(dst, v != 0)
	case Pointer:
		return appendAddress(dst, v)
	case Enum:
		if name := t.Enumerator(v); name != "" {
			return append(dst, name...)
		}
	}
	return t.appendInteger(dst, v)
}
