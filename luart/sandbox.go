package luart

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// newState returns an empty state.
func newState() *lua.LState {
	return lua.NewState(lua.Options{
		SkipOpenLibs: true,
		// Calls may nest deeply and have a million arguments, but every coroutine has stacks of its own, so that
		// they begin small.
		CallStackSize:       8 << 10,
		MinimizeStackMemory: true,
		RegistrySize:        512,
		RegistryMaxSize:     1 << 20,
		RegistryGrowStep:    4 << 10,
	})
}

// isLibrary has the tables that a project sees.
var isLibrary = map[string]bool{
	"string": true, "table": true, "math": true, "coroutine": true, "os": true, "io": true, "debug": true,
}

// allowed has what every project may call of the libraries that reach out of the interpreter. The rest of them needs AllowHost.
// os.print, os.exit and io.write are builtins.
var allowed = map[string][]string{
	"os":    {"clock", "date", "difftime", "getenv", "time"},
	"io":    {"read"},
	"debug": {},
}

// hostFunctions are functions outside libraries that need AllowHost.
var hostFunctions = []string{"dofile", "loadfile"}

// openLibraries fills the state with Lua's libraries. Without allowHost what reaches the machine raises an error that says so.
func (s *Script) openLibraries(allowHost bool) {
	L := s.state
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.BaseLibName, lua.OpenBase},
		{lua.StringLibName, lua.OpenString},
		{lua.TabLibName, lua.OpenTable},
		{lua.MathLibName, lua.OpenMath},
		{lua.CoroutineLibName, lua.OpenCoroutine},
		{lua.OsLibName, lua.OpenOs},
		{lua.IoLibName, lua.OpenIo},
		{lua.DebugLibName, lua.OpenDebug},
	} {
		L.Push(L.NewFunction(library.open))
		L.Push(lua.LString(library.name))
		L.Call(1, 0)
	}
	// Not Lua's, or of no use without package.
	for _, name := range []string{"_printregs", "newproxy", "module", "_GOPHER_LUA_VERSION"} {
		L.SetGlobal(name, lua.LNil)
	}
	s.required = make(map[string]lua.LValue)
	s.requireHost = allowHost
	for name, fn := range map[string]lua.LGFunction{
		"error":      luaError,
		"load":       s.luaLoad,
		"loadstring": s.luaLoadString,
		"loadfile":   s.luaLoadFile,
		"dofile":     s.luaDoFile,
		"require":    s.require,
		"setfenv":    s.keepingEnvironments(L.GetGlobal("setfenv")),
	} {
		L.SetGlobal(name, L.NewFunction(fn))
	}
	if !allowHost {
		s.confine()
	}
	s.pauseWhileWaiting()
	L.SetField(L.GetGlobal("debug"), "traceback", L.NewFunction(luaTraceback))
}

// confine replaces what reaches the machine.
func (s *Script) confine() {
	L := s.state
	for _, name := range hostFunctions {
		L.SetGlobal(name, L.NewFunction(needsHost(name)))
	}
	for library, names := range allowed {
		t := L.GetGlobal(library).(*lua.LTable)
		var values []string
		for _, f := range fields(t) {
			name := f.key.String()
			switch {
			case slices.Contains(names, name):
			case f.value.Type() == lua.LTFunction:
				t.RawSetString(name, L.NewFunction(needsHost(library+"."+name)))
			default:
				t.RawSetString(name, lua.LNil)
				values = append(values, name)
			}
		}
		// io.stdout and the like are no functions, so that reading them is what fails.
		mt := L.NewTable()
		mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
			if name := L.Get(2).String(); slices.Contains(values, name) {
				L.RaiseError("%s.%s: reaches the machine, which a project may only with --allow-host", library, name)
			}
			return 0
		}))
		mt.RawSetString("__metatable", lua.LFalse)
		t.Metatable = mt
	}
}

// needsHost returns the function that stands in for name.
func needsHost(name string) lua.LGFunction {
	return func(L *lua.LState) int {
		L.RaiseError("%s: reaches the machine, which a project may only with --allow-host", name)
		return 0
	}
}

// pauseWhileWaiting stops the clock of the guard in functions that wait for others: for a file, a pipe, a program.
func (s *Script) pauseWhileWaiting() {
	L := s.state
	libraries := []*lua.LTable{L.GetGlobal("io").(*lua.LTable)}
	if files, ok := L.GetTypeMetatable("FILE*").(*lua.LTable); ok {
		if methods, ok := files.RawGetString("__index").(*lua.LTable); ok {
			libraries = append(libraries, methods)
		}
	}
	pause := func(lib *lua.LTable, name string) {
		fn, ok := lib.RawGetString(name).(*lua.LFunction)
		if !ok || !fn.IsG {
			return
		}
		call := fn.GFunction
		fn.GFunction = func(L *lua.LState) int {
			defer s.guard.pause()()
			return call(L)
		}
	}
	for _, lib := range libraries {
		for _, name := range []string{"read", "write", "flush", "close", "popen"} {
			pause(lib, name)
		}
	}
	pause(L.GetGlobal("os").(*lua.LTable), "execute")
}
