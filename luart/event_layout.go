package luart

import (
	"cmp"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// values turns the bytes of records into Lua values. It belongs to one Lua state.
type values struct {
	layouts map[*decode.Type]*layout
	strings map[string]lua.LValue
}

func newValues() *values {
	return &values{layouts: make(map[*decode.Type]*layout), strings: make(map[string]lua.LValue)}
}

// layout is a struct or union made ready for being read by field name.
type layout struct {
	*decode.Type
	index  map[string]int // into Fields
	byName *layout        // the same with fields in the order of their names; nil until asked for
}

// layout returns the layout of t, which is made once.
func (v *values) layout(t *decode.Type) *layout {
	l := v.layouts[t]
	if l == nil {
		l = newLayout(t)
		v.layouts[t] = l
	}
	return l
}

func newLayout(t *decode.Type) *layout {
	l := &layout{Type: t, index: make(map[string]int, len(t.Fields))}
	for i, f := range t.Fields {
		l.index[f.Name] = i
	}
	return l
}

// sorted returns l with its fields in the order of their names.
func (l *layout) sorted() *layout {
	if l.byName == nil {
		fields := slices.SortedStableFunc(slices.Values(l.Fields), func(a, b decode.Field) int { return cmp.Compare(a.Name, b.Name) })
		t := *l.Type
		t.Fields = fields
		l.byName = newLayout(&t)
		l.byName.byName = l.byName
	}
	return l.byName
}

// field returns field f of the value data, or nil where data is too short for it.
func (v *values) field(f *decode.Field, data []byte) lua.LValue {
	switch f.Type.Kind {
	case decode.Bool, decode.Int, decode.Uint, decode.Enum, decode.Pointer:
		if bits, ok := f.Bits(data); ok {
			return scalar(f.Type, bits)
		}
		return lua.LNil
	}
	return v.value(f.Type, f.Bytes(data))
}

// value returns the value of type t in data, which it keeps. It is nil where data is too short.
func (v *values) value(t *decode.Type, data []byte) lua.LValue {
	if data == nil {
		return lua.LNil
	}
	switch t.Kind {
	case decode.Bool, decode.Int, decode.Uint, decode.Enum, decode.Pointer:
		if bits, ok := t.Bits(data); ok {
			return scalar(t, bits)
		}
		return lua.LNil
	case decode.Float:
		if f, ok := t.Float(data); ok {
			return lua.LNumber(f)
		}
		return lua.LNil
	case decode.String:
		return v.text(decode.CString(data))
	case decode.Array:
		return &array{values: v, typ: t, data: data}
	case decode.Struct, decode.Union:
		return &record{values: v, layout: v.layout(t), data: data}
	default:
		return lua.LString(data)
	}
}

// scalar returns a value of type t whose bits are sign-extended where t is signed.
func scalar(t *decode.Type, bits uint64) lua.LValue {
	switch {
	case t.Kind == decode.Bool:
		return lua.LBool(bits != 0)
	case t.Kind == decode.Int, t.Kind == decode.Enum && t.Signed:
		return signedValue(int64(bits))
	default:
		return unsignedValue(bits)
	}
}

// Strings of records repeat: names of processes, files, interfaces. Those that are short are kept and shared,
// so that reading one again allocates nothing.
const (
	internedLength = 64
	internedCount  = 4096
)

func (v *values) text(b []byte) lua.LValue {
	if s, ok := v.strings[string(b)]; ok {
		return s
	}
	s := lua.LString(b)
	if len(b) > internedLength {
		return s
	}
	if len(v.strings) == internedCount {
		clear(v.strings) // rather than choosing: what repeats comes back at once
	}
	var shared lua.LValue = s
	v.strings[string(s)] = shared
	return shared
}
