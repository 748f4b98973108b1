package luart

import (
	"encoding/hex"
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// kernelMapBuiltins are the methods of handle.maps.NAME.
var kernelMapBuiltins = []builtin{
	{
		name: "bpfmap:get", scope: inScript, call: (*Script).mapGet,
		params: "key: any", returns: "any",
		text: "Returns the value of a key, or nil. In a map of maps that is a bpfmap, in one of programs the name of the program.",
		example: `
target("count")
    add_files("src/count.bpf.c")
    on_exit(function(handle)
        print(handle.maps.counts:get(1))
    end)`,
	},
	{
		name: "bpfmap:set", scope: inScript, call: (*Script).mapSet,
		params: "key: any, value: any",
		text: "Sets the value of a key, which is made if need be. What is left out of a struct becomes zero. A map of maps takes a bpfmap, or a table, of which it makes a new map; one of " +
			"programs the name of a program of the same target, for tail calls.",
		example: `
target("count")
    add_files("src/count.bpf.c")
entry(function()
    local maps = run("count").maps
    maps.allowed:set({addr = "\127\0\0\1", port = 80}, true)
    maps.routes:set("10.0.0.0/8", 1)
end)`,
	},
	{
		name: "bpfmap:delete", scope: inScript, call: (*Script).mapDelete,
		params: "key: any", returns: "boolean",
		text: "Deletes the entry of a key, and says whether there was one.",
		example: `
target("count")
    add_files("src/count.bpf.c")
entry(function()
    print(run("count").maps.counts:delete(1))
end)`,
	},
	{
		name: "bpfmap:items", scope: inScript, call: (*Script).mapItems,
		returns: "fun(): any, any",
		text: "Walks over the entries. Programs may change the map meanwhile, and so may the loop: each entry that is there all the time comes once, others at most once. Many are read at a " +
			"time where the kernel can.",
		example: `
target("count")
    add_files("src/count.bpf.c")
    every(1000, function(handle)
        for pid, n in handle.maps.counts:items() do print(pid_comm(pid), n) end
    end)`,
	},
	{
		name: "bpfmap:clear", scope: inScript, call: (*Script).mapClear,
		text: "Deletes all entries; those of arrays become zero.",
		example: `
target("count")
    add_files("src/count.bpf.c")
entry(function()
    run("count").maps.counts:clear()
end)`,
	},
	{
		name: "bpfmap:push", scope: inScript, call: (*Script).mapPush,
		params: "value: any",
		text:   "Adds a value to a queue, a stack or a Bloom filter, or a record to a user ring buffer, which takes a string where the source does not tell its type. One that is full is an error.",
		example: `
target("jobs")
    add_files("src/jobs.bpf.c")
entry(function()
    run("jobs").maps.queue:push({id = 1, name = "first"})
end)`,
	},
	{
		name: "bpfmap:pop", scope: inScript, call: (*Script).mapPop,
		returns: "any",
		text:    "Takes the next value out of a queue or a stack; nil where it is empty.",
		example: `
target("jobs")
    add_files("src/jobs.bpf.c")
entry(function()
    local queue = run("jobs").maps.queue
    local job = queue:pop()
end)`,
	},
	{
		name: "bpfmap:peek", scope: inScript, call: (*Script).mapPeek,
		returns: "any",
		text:    "Returns what pop would, and leaves it there.",
		example: `
target("jobs")
    add_files("src/jobs.bpf.c")
entry(function()
    print(run("jobs").maps.queue:peek())
end)`,
	},
	{
		name: "bpfmap:contains", scope: inScript, call: (*Script).mapContains,
		params: "value: any", returns: "boolean",
		text: "Says whether a Bloom filter may hold a value; that it does not is certain.",
		example: `
target("jobs")
    add_files("src/jobs.bpf.c")
entry(function()
    print(run("jobs").maps.seen:contains(7))
end)`,
	},
}

// kernelMap is handle.maps.NAME, or a map in a map.
type kernelMap struct {
	kernel *bpf.Map
	of     *instance
}

// kernelMapOf returns the map that v is, or nil.
func kernelMapOf(v lua.LValue) *kernelMap { return value[*kernelMap](v) }

// mapSelf returns the map whose method is called, and removes it from the arguments.
func mapSelf(L *lua.LState, method string) *kernelMap {
	m := kernelMapOf(L.Get(1))
	if m == nil {
		L.RaiseError("%s: call it as handle.maps.NAME:%s(...), with a colon", method, method)
	}
	L.Remove(1)
	return m
}

// raise raises an error of package bpf.
func (m *kernelMap) raise(L *lua.LState, err error) {
	if errors.Is(err, bpf.ErrClosed) {
		err = fmt.Errorf("map %s: %w", m.kernel.Name, m.of.ended(err))
	}
	L.RaiseError("%v", err)
}

// mapKey returns the bytes of a key of m.
func (s *Script) mapKey(L *lua.LState, m *kernelMap, v lua.LValue) []byte {
	if b := bytesOf(m.kernel.Key, v); b != nil {
		return b
	}
	value, err := s.plainValue(plain(L, v), 0)
	if err != nil && v != lua.LNil {
		L.RaiseError("map %s: key: %v", m.kernel.Name, err)
	}
	b, err := m.kernel.EncodeKey(value)
	if err != nil {
		m.raise(L, err)
	}
	return b
}

// mapValue returns the bytes of a value of m.
func (s *Script) mapValue(L *lua.LState, m *kernelMap, v lua.LValue) []byte {
	if m.kernel.CPUs == 0 {
		if b := bytesOf(m.kernel.Value, v); b != nil {
			return b
		}
	}
	value, err := s.plainValue(s.deepPlain(L, m, v, 0), 0)
	if err != nil && v != lua.LNil {
		L.RaiseError("map %s: value: %v", m.kernel.Name, err)
	}
	b, err := m.kernel.EncodeValue(value)
	if err != nil {
		m.raise(L, err)
	}
	return b
}

// bytesOf returns what v has in memory if it is of type t already, as what was read from the same map; padding and what follows the NUL of a
// string is kept then.
func bytesOf(t *decode.Type, v lua.LValue) []byte {
	switch v := v.(type) {
	case *record:
		if v.layout.Type == t && len(v.data) >= t.Size {
			return v.data[:t.Size]
		}
	case *array:
		if v.typ == t && len(v.data) >= t.Size {
			return v.data[:t.Size]
		}
	}
	return nil
}

// deepPlain returns v, a value for m, with events and arrays, also those in tables, copied to tables.
func (s *Script) deepPlain(L *lua.LState, m *kernelMap, v lua.LValue, depth int) lua.LValue {
	s.alarm.check()
	t, ok := v.(*lua.LTable)
	switch {
	case !ok:
		return plain(L, v)
	case depth > maxDepth:
		L.RaiseError("map %s: value: the table is nested too deeply, or holds itself", m.kernel.Name)
	}
	c := L.CreateTable(t.Len(), 0)
	t.ForEach(func(k, e lua.LValue) { c.RawSet(k, s.deepPlain(L, m, e, depth+1)) })
	return c
}

// decoded returns a value as scripts see it.
func (s *Script) decoded(L *lua.LState, m *kernelMap, b []byte) lua.LValue {
	switch {
	case b == nil:
		return lua.LNil
	case m.kernel.HoldsStacks():
		return frameList(L, bpf.ParseStack(m.kernel.Value, b))
	case m.kernel.HoldsPrograms():
		if name := m.kernel.ProgramName(b); name != "" {
			return lua.LString(name)
		}
	case m.kernel.CPUs > 0:
		list := L.CreateTable(m.kernel.CPUs, 0)
		for size := m.kernel.Value.Size; len(b) >= size && list.Len() < m.kernel.CPUs; b = b[size:] {
			list.Append(s.values.value(m.kernel.Value, b[:size:size]))
		}
		return list
	}
	return s.values.value(m.kernel.Value, b)
}

// frameList returns a stack as kstack and ustack take it.
func frameList(L *lua.LState, frames []bpf.Frame) *lua.LTable {
	list := L.CreateTable(len(frames), 0)
	for _, f := range frames {
		if f.BuildID == nil {
			list.Append(unsignedValue(f.Address))
			continue
		}
		t := L.CreateTable(0, 2)
		t.RawSetString("build_id", lua.LString(hex.EncodeToString(f.BuildID)))
		t.RawSetString("offset", unsignedValue(f.Offset))
		list.Append(t)
	}
	return list
}

func (s *Script) mapGet(L *lua.LState) int {
	m := mapSelf(L, "get")
	var k lua.LValue
	unpack(L, "get", "key", &k)
	L.Push(s.lookup(L, m, s.mapKey(L, m, k)))
	return 1
}

func (s *Script) lookup(L *lua.LState, m *kernelMap, key []byte) lua.LValue {
	if m.kernel.HoldsMaps() {
		inner, err := m.kernel.Inner(key)
		switch {
		case err != nil:
			m.raise(L, err)
		case inner == nil:
			return lua.LNil
		}
		return s.access.kernelMap(m.of, inner)
	}
	b, err := m.kernel.Lookup(key)
	if err != nil {
		m.raise(L, err)
	}
	return s.decoded(L, m, b)
}

func (s *Script) mapSet(L *lua.LState) int {
	m := mapSelf(L, "set")
	var k, v lua.LValue
	unpack(L, "set", "key", &k, "value", &v)
	s.putEntry(L, m, k, v)
	return 0
}

func (s *Script) putEntry(L *lua.LState, m *kernelMap, k, v lua.LValue) {
	key := s.mapKey(L, m, k)
	var err error
	switch {
	case m.kernel.HoldsMaps():
		err = m.kernel.UpdateInner(key, s.innerMap(L, m, v).kernel)
	case m.kernel.HoldsPrograms():
		name, ok := v.(lua.LString)
		if !ok {
			L.RaiseError("map %s: set: %v", m.kernel.Name, expected("the name of a program", v))
		}
		err = m.kernel.UpdateProgram(key, string(name))
	default:
		err = m.kernel.Update(key, s.mapValue(L, m, v))
	}
	if err != nil {
		m.raise(L, err)
	}
}

// innerMap returns the map that v is or, where it is a table, a new map with its entries.
func (s *Script) innerMap(L *lua.LState, m *kernelMap, v lua.LValue) *kernelMap {
	if inner := kernelMapOf(v); inner != nil {
		return inner
	}
	entries, ok := v.(*lua.LTable)
	if !ok {
		L.RaiseError("map %s: set: %v", m.kernel.Name, expected("a map, as handle.maps.NAME, or a table of entries", v))
	}
	made, err := m.kernel.NewInner()
	if err != nil {
		m.raise(L, err)
	}
	inner := &kernelMap{made, m.of}
	for _, f := range fields(entries) {
		if f.value != lua.LNil { // a gap in a list
			s.putEntry(L, inner, f.key, f.value)
		}
	}
	return inner
}

func (s *Script) mapDelete(L *lua.LState) int {
	m := mapSelf(L, "delete")
	var k lua.LValue
	unpack(L, "delete", "key", &k)
	existed, err := m.kernel.Delete(s.mapKey(L, m, k))
	if err != nil {
		m.raise(L, err)
	}
	L.Push(lua.LBool(existed))
	return 1
}

func (s *Script) mapItems(L *lua.LState) int {
	m := mapSelf(L, "items")
	unpack(L, "items")
	c := m.kernel.Entries()
	if c.Err() != nil {
		m.raise(L, c.Err())
	}
	L.Push(L.NewFunction(func(L *lua.LState) int {
		key, b, ok := c.Next()
		if !ok {
			if c.Err() != nil {
				m.raise(L, c.Err())
			}
			L.Push(lua.LNil)
			return 1
		}
		L.Push(s.values.value(m.kernel.Key, key))
		if m.kernel.HoldsMaps() {
			L.Push(s.lookup(L, m, key))
		} else {
			L.Push(s.decoded(L, m, b))
		}
		return 2
	}))
	return 1
}

func (s *Script) mapClear(L *lua.LState) int {
	m := mapSelf(L, "clear")
	unpack(L, "clear")
	if err := m.kernel.Clear(); err != nil {
		m.raise(L, err)
	}
	return 0
}

func (a *access) mapLength(L *lua.LState) int {
	m := kernelMapOf(L.Get(1))
	n, err := m.kernel.Count()
	if err != nil {
		m.raise(L, err)
	}
	L.Push(lua.LNumber(n))
	return 1
}

func (s *Script) mapPush(L *lua.LState) int {
	m := mapSelf(L, "push")
	var v lua.LValue
	unpack(L, "push", "value", &v)
	if err := m.kernel.Push(s.mapValue(L, m, v)); err != nil {
		m.raise(L, err)
	}
	return 0
}

func (s *Script) mapPop(L *lua.LState) int { return s.taken(L, "pop", (*bpf.Map).Pop) }

func (s *Script) mapPeek(L *lua.LState) int { return s.taken(L, "peek", (*bpf.Map).Peek) }

func (s *Script) taken(L *lua.LState, method string, take func(*bpf.Map) ([]byte, error)) int {
	m := mapSelf(L, method)
	unpack(L, method)
	b, err := take(m.kernel)
	if err != nil {
		m.raise(L, err)
	}
	L.Push(s.decoded(L, m, b))
	return 1
}

func (s *Script) mapContains(L *lua.LState) int {
	m := mapSelf(L, "contains")
	var v lua.LValue
	unpack(L, "contains", "value", &v)
	found, err := m.kernel.Contains(s.mapValue(L, m, v))
	if err != nil {
		m.raise(L, err)
	}
	L.Push(lua.LBool(found))
	return 1
}
