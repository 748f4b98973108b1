package luart

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// recordMethods are what a script can call on an event or a part of one. A field of the same name hides a method.
var recordMethods = map[string]lua.LGFunction{
	"type":    recordType,
	"name":    recordName,
	"totable": recordTable,
}

// arrayMethods are what a script can call on an array in an event.
var arrayMethods = map[string]lua.LGFunction{
	"totable": recordTable,
}

// self returns argument 1 of a method that is meant to be called with a colon.
func self[T lua.LValue](L *lua.LState, method string) T {
	v, ok := L.Get(1).(T)
	if !ok || L.GetTop() == 0 {
		L.RaiseError("%s: call it as event:%s(...), with a colon", method, method)
	}
	L.Remove(1)
	return v
}

// recordType is event:type(), the name of its struct as C writes it.
func recordType(L *lua.LState) int {
	r := self[*record](L, "type")
	unpack(L, "type")
	L.Push(lua.LString(r.layout.Name))
	return 1
}

// recordName is event:name(field), the name of the enumerator that the field holds; nil where its number has none.
func recordName(L *lua.LState) int {
	r := self[*record](L, "name")
	var name string
	unpack(L, "name", "field", &name)
	i, ok := r.layout.index[name]
	if !ok {
		L.RaiseError("name: %s has no field %s%s", r.layout.Name, name, diag.DidYouMean(name, r.layout.names()))
	}
	f := &r.layout.Fields[i]
	if f.Type.Kind != decode.Enum {
		L.RaiseError("name: field %s of %s is no enum", name, r.layout.Name)
	}
	bits, ok := f.Bits(r.data)
	enumerator := f.Type.Enumerator(bits)
	if !ok || enumerator == "" {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(enumerator))
	return 1
}

// recordTable is event:totable(), a plain copy that the script may change.
func recordTable(L *lua.LState) int {
	v := self[lua.LValue](L, "totable")
	unpack(L, "totable")
	t, ok := plain(L, v).(*lua.LTable)
	if !ok {
		L.RaiseError("totable: %v", expected("an event", v))
	}
	L.Push(t)
	return 1
}

// names returns the names of the fields.
func (l *layout) names() []string {
	names := make([]string, len(l.Fields))
	for i, f := range l.Fields {
		names[i] = f.Name
	}
	return names
}
