package luart

import (
	"bytes"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// record is a struct or union as scripts see it: an event, or a part of one. It
// owns its bytes or shares those of the event that it is a part of, and decodes a field when it is read.
// Scripts cannot change it, so that it may be kept for as long as they like.
//
// It is a Lua value of its own kind rather than a *lua.LUserData around one: the interpreter treats both
// alike, and this saves an allocation for each event.
type record struct {
	values *values
	layout *layout
	data   []byte
}

// Type returns LTUserData, whose metatable openValues sets.
func (*record) Type() lua.LValueType { return lua.LTUserData }

// String returns the record as people read it: {pid=12, comm="bash"}.
func (r *record) String() string { return string(r.layout.AppendText(nil, r.data)) }

// array is an array inside a record. It shares the record's bytes.
type array struct {
	values *values
	typ    *decode.Type
	data   []byte
}

// Type returns LTUserData, whose metatable openValues sets.
func (*array) Type() lua.LValueType { return lua.LTUserData }

// String returns the array as people read it: [1, 2, 3].
func (a *array) String() string { return string(a.typ.AppendText(nil, a.data)) }

// event makes what a callback is given from a record of the kernel, whose bytes are copied.
// Every argument of an event callback is made here.
func (v *values) event(l *layout, data []byte) lua.LValue {
	return &record{values: v, layout: l, data: bytes.Clone(data)}
}

// at returns field i in the order of the layout.
func (r *record) at(i int) lua.LValue { return r.values.field(&r.layout.Fields[i], r.data) }

// next returns the field that follows the one called name, or the first for "". It skips what the record is too
// short for. ok is false at the end; known is false if there is no field of that name.
func (r *record) next(name string) (field string, value lua.LValue, ok, known bool) {
	i := 0
	if name != "" {
		at, known := r.layout.index[name]
		if !known {
			return "", nil, false, false
		}
		i = at + 1
	}
	for ; i < len(r.layout.Fields); i++ {
		if v := r.at(i); v != lua.LNil {
			return r.layout.Fields[i].Name, v, true, true
		}
	}
	return "", nil, false, true
}

// table returns a plain table with what r holds, all the way down.
func (r *record) table(L *lua.LState) *lua.LTable {
	t := L.CreateTable(0, len(r.layout.Fields))
	for i, f := range r.layout.Fields {
		if v := r.at(i); v != lua.LNil {
			t.RawSetString(f.Name, plain(L, v))
		}
	}
	return t
}

// len returns the number of elements, which is less than the type's where the record was cut short.
func (a *array) len() int { return a.typ.Elements(a.data) }

// at returns element i, counted from 1 as in Lua, or nil.
func (a *array) at(i int) lua.LValue {
	if i < 1 || i > a.len() {
		return lua.LNil
	}
	size := a.typ.Elem.Size
	return a.values.value(a.typ.Elem, a.data[(i-1)*size:i*size])
}

// table returns a plain list with what a holds, all the way down.
func (a *array) table(L *lua.LState) *lua.LTable {
	t := L.CreateTable(a.len(), 0)
	for i := 1; i <= a.len(); i++ {
		t.RawSetInt(i, plain(L, a.at(i)))
	}
	return t
}

// plain returns v with records and arrays copied to tables.
func plain(L *lua.LState, v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case *record:
		return v.table(L)
	case *array:
		return v.table(L)
	}
	return v
}
