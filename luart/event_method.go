package luart

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// eventBuiltins are the methods of events, of arrays in them, and of numbers.
var eventBuiltins = []builtin{
	{
		name: "event:type", scope: anywhere, call: (*Script).eventType,
		returns: "string",
		text:    "Returns the name of the event's struct as C writes it.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", function(event)
        print(event:type())   --> struct event
    end)`,
	},
	{
		name: "event:name", scope: anywhere, call: (*Script).eventName,
		params: "field: string", returns: "string?",
		text: "Returns the name of the enumerator that an enum field holds; nil where its number has none. The field itself is a number, to compare " +
			"with enum.NAME.",
		example: `
target("guard")
    on_event(function(event)
        if event.verdict == enum.DROP then print(event:name("verdict")) end
    end)`,
	},
	{
		name: "event:totable", scope: anywhere, call: (*Script).eventTable,
		returns: "table",
		text:    "Copies an event to a plain table that the script may change.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", function(event)
        local t = event:totable()
        t.value = nil
        os.print(t)   --> {comm="producer", pid=42, sequence=0, size=64, time=0}
    end)`,
	},
	{
		name: "array:totable", scope: anywhere, call: (*Script).eventTable,
		returns: "table",
		text:    "Copies an array in an event to a plain list.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", function(event)
        print(#event.value:totable())   --> 3
    end)`,
	},
	{
		name: "number:hex", scope: anywhere, call: (*Script).numberHex,
		returns: "string",
		text:    "Returns 0x and the hexadecimal digits of a whole number, of the 64-bit two's complement where it is negative.",
		example: `
local n = 255
print(n:hex())   --> 0xff`,
	},
}

// isEventMethod reports whether events have a method of this name. A field of the same name hides it.
func isEventMethod(name string) bool {
	return slices.ContainsFunc(eventBuiltins, func(b builtin) bool { return b.name == "event:"+name })
}

// self returns argument 1 of a method of a class, which is meant to be called with a colon.
func self[T lua.LValue](L *lua.LState, class, method string) T {
	v, ok := L.Get(1).(T)
	if !ok || L.GetTop() == 0 {
		L.RaiseError("%s: call it as %s:%s(...), with a colon", method, class, method)
	}
	L.Remove(1)
	return v
}

// eventType is event:type(), the name of its struct as C writes it.
func (*Script) eventType(L *lua.LState) int {
	r := self[*record](L, "event", "type")
	unpack(L, "type")
	L.Push(lua.LString(r.layout.Name))
	return 1
}

// eventName is event:name(field), the name of the enumerator that the field holds; nil where its number has none.
func (*Script) eventName(L *lua.LState) int {
	r := self[*record](L, "event", "name")
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

// eventTable is event:totable(), a plain copy that the script may change.
func (*Script) eventTable(L *lua.LState) int {
	v := self[lua.LValue](L, "event", "totable")
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
