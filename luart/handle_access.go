package luart

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
)

// access has the metatables of what a handle gives access to.
type access struct {
	script            *Script
	ofMaps, ofGlobals *lua.LTable
	ofMap             *lua.LTable
}

// instanceMaps is handle.maps, and instanceGlobals handle.globals.
type (
	instanceMaps    struct{ of *instance }
	instanceGlobals struct{ of *instance }
)

func (s *Script) newAccess(L *lua.LState) *access {
	a := &access{script: s}
	metatable := func(methods map[string]lua.LGFunction) *lua.LTable {
		mt := L.NewTable()
		for name, fn := range methods {
			mt.RawSetString(name, L.NewFunction(fn))
		}
		protect(mt)
		return mt
	}
	a.ofMaps = metatable(map[string]lua.LGFunction{
		"__index": a.indexMaps,
		"__newindex": func(L *lua.LState) int {
			L.RaiseError("cannot set handle.maps.%s: its entries can be, with handle.maps.%[1]s:set(key, value)", L.Get(2))
			return 0
		},
		"__tostring": func(L *lua.LState) int {
			return pushList(L, "maps", value[instanceMaps](L.Get(1)).of.kernel.MapNames())
		},
	})
	a.ofGlobals = metatable(map[string]lua.LGFunction{
		"__index":    a.readGlobal,
		"__newindex": a.writeGlobal,
		"__tostring": func(L *lua.LState) int {
			return pushList(L, "globals", value[instanceGlobals](L.Get(1)).of.kernel.GlobalNames())
		},
	})
	methods := s.methods["bpfmap"]
	a.ofMap = metatable(map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			m := kernelMapOf(L.Get(1))
			switch name := L.Get(2).String(); name {
			case "name":
				L.Push(lua.LString(m.kernel.Name))
			case "type":
				L.Push(lua.LString(m.kernel.Kind))
			case "max_entries":
				L.Push(lua.LNumber(m.kernel.MaxEntries))
			default:
				if fn := methods[name]; fn != nil {
					L.Push(fn)
					return 1
				}
				L.RaiseError("map %s: it has no %s; its entries are read with get(key) and set with set(key, value)", m.kernel.Name, name)
			}
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			m := kernelMapOf(L.Get(1))
			L.RaiseError("map %s: its entries are set with set(key, value)", m.kernel.Name)
			return 0
		},
		"__len":      a.mapLength,
		"__tostring": func(L *lua.LState) int { L.Push(lua.LString("map " + kernelMapOf(L.Get(1)).kernel.Name)); return 1 },
	})
	return a
}

// pushList pushes "what: a, b, c".
func pushList(L *lua.LState, what string, names []string) int {
	L.Push(lua.LString(what + ": " + strings.Join(names, ", ")))
	return 1
}

// value returns what a userdata value holds. Scripts cannot call a metamethod with anything else.
func value[T any](v lua.LValue) (zero T) {
	if u, ok := v.(*lua.LUserData); ok {
		if t, ok := u.Value.(T); ok {
			return t
		}
	}
	return zero
}

// userdata returns v as Lua holds it.
func (a *access) userdata(v any, mt *lua.LTable) lua.LValue {
	return &lua.LUserData{Value: v, Env: a.script.state.Env, Metatable: mt}
}

// maps returns handle.maps.
func (a *access) maps(i *instance) lua.LValue {
	if i.maps == nil {
		i.maps, i.mapOf = a.userdata(instanceMaps{i}, a.ofMaps), make(map[string]lua.LValue)
	}
	return i.maps
}

// globals returns handle.globals.
func (a *access) globals(i *instance) lua.LValue {
	if i.globals == nil {
		i.globals = a.userdata(instanceGlobals{i}, a.ofGlobals)
	}
	return i.globals
}

// indexMaps is handle.maps.NAME.
func (a *access) indexMaps(L *lua.LState) int {
	i, name := value[instanceMaps](L.Get(1)).of, L.Get(2).String()
	m := i.mapOf[name]
	if m == nil {
		kernel, err := i.kernel.Map(name)
		if err != nil {
			a.script.raise(L, i.ended(err))
		}
		m = a.kernelMap(i, kernel)
		i.mapOf[name] = m
	}
	L.Push(m)
	return 1
}

// kernelMap returns a map as scripts see it.
func (a *access) kernelMap(i *instance, m *bpf.Map) lua.LValue {
	return a.userdata(&kernelMap{m, i}, a.ofMap)
}

// readGlobal is handle.globals.NAME.
func (a *access) readGlobal(L *lua.LState) int {
	i, name := value[instanceGlobals](L.Get(1)).of, L.Get(2).String()
	t, b, err := i.kernel.Global(name)
	if err != nil {
		a.script.raise(L, i.ended(err))
	}
	L.Push(a.script.values.value(t, b))
	return 1
}

// writeGlobal is handle.globals.NAME = value.
func (a *access) writeGlobal(L *lua.LState) int {
	i, name := value[instanceGlobals](L.Get(1)).of, L.Get(2).String()
	v, err := a.script.plainValue(plain(L, L.Get(3)), 0)
	if err != nil {
		L.RaiseError("%s: %v", name, err)
	}
	if err := i.kernel.SetGlobal(name, v); err != nil {
		a.script.raise(L, i.ended(err))
	}
	return 0
}
