package luart

import (
	lua "github.com/yuin/gopher-lua"
)

// handleBuiltins are the methods of what run returns.
var handleBuiltins = []builtin{
	{
		name: "handle:stop", scope: inScript, call: (*Script).handleStop,
		text: "Detaches what this call of run started. Unlike stop(name) it leaves alone what a later run of the same target started.",
		example: `
local opens = run("opensnoop")
opens:stop()`,
	},
}

// newHandles returns the metatable of what run returns.
func (s *Script) newHandles() *lua.LTable {
	L := s.state
	mt := L.NewTable()
	methods := s.methods["handle"]
	mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		i := handled(L, "index")
		switch key := L.Get(2).String(); key {
		case "name":
			L.Push(lua.LString(i.target.Name))
		default:
			if fn := methods[key]; fn != nil {
				L.Push(fn)
			} else {
				L.Push(lua.LNil)
			}
		}
		return 1
	}))
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("target " + handled(L, "tostring").target.Name))
		return 1
	}))
	protect(mt)
	return mt
}

// newHandle returns what run returns for i.
func (l *loop) newHandle(i *instance) lua.LValue {
	return &lua.LUserData{Value: i, Env: l.script.state.Env, Metatable: l.handles}
}

// handled returns the instance behind argument 1.
func handled(L *lua.LState, method string) *instance {
	if h, ok := L.Get(1).(*lua.LUserData); ok {
		if i, ok := h.Value.(*instance); ok {
			return i
		}
	}
	L.RaiseError("%s: call it on what run returned, with a colon", method)
	return nil
}

// handleStop is handle:stop(). Unlike stop(name) it stops only what this run call started.
func (*Script) handleStop(L *lua.LState) int {
	handled(L, "stop").stop(true)
	return 0
}
