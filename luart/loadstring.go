package luart

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Code that is made while a script runs is compiled in the same way as that of files: Lua's own load knows nothing of
// comparisons with 64-bit values.

// luaLoad is load(fn or text[, name]).
func (s *Script) luaLoad(L *lua.LState) int {
	if text, ok := L.Get(1).(lua.LString); ok {
		return s.loadText(L, string(text), L.OptString(2, string(text)))
	}
	pieces := L.CheckFunction(1)
	name := L.OptString(2, "=(load)")
	var text strings.Builder
	for {
		L.Push(pieces)
		L.Call(0, 1)
		piece := L.Get(-1)
		L.Pop(1)
		if piece == lua.LNil || piece == lua.LString("") {
			return s.loadText(L, text.String(), name)
		}
		if piece.Type() != lua.LTString {
			return loadError(L, "reader function must return a string")
		}
		text.WriteString(piece.String())
		if text.Len() > maxSource {
			return loadError(L, fmt.Sprintf("the code is larger than %d MB", maxSource>>20))
		}
	}
}

// luaLoadString is loadstring(text[, name]).
func (s *Script) luaLoadString(L *lua.LState) int {
	text := L.CheckString(1)
	return s.loadText(L, text, L.OptString(2, text))
}

func (s *Script) loadText(L *lua.LState, text, name string) int {
	if strings.HasPrefix(text, "\x1b") {
		return loadError(L, "bytecode cannot be loaded")
	}
	src := newSource("", text)
	src.name = chunkName(name)
	fn, err := s.compile(L, src)
	if err != nil {
		return loadError(L, err.Error())
	}
	L.Push(fn)
	return 1
}

// loadError returns from load as Lua does where there is no function: with nil and a text.
func loadError(L *lua.LState, text string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(text))
	return 2
}

// chunkName returns how positions show code that has no file, as in Lua: a name with = or @ as it is, other names, which
// are the code itself, by their first line. It never is the name of a file that was read.
func chunkName(name string) string {
	if strings.HasPrefix(name, "=") || strings.HasPrefix(name, "@") {
		name = name[1:]
	} else if line, _, more := strings.Cut(name, "\n"); more {
		name = line + "..."
	}
	return `[string "` + clip(name) + `"]`
}

// luaLoadFile is loadfile(name).
func (s *Script) luaLoadFile(L *lua.LState) int {
	text, err := readSource(absolute(s.dir(L), L.CheckString(1)))
	if err != nil {
		return loadError(L, err.Error())
	}
	return s.loadText(L, text, "="+L.CheckString(1))
}

// luaDoFile is dofile(name).
func (s *Script) luaDoFile(L *lua.LState) int {
	text, err := readSource(absolute(s.dir(L), L.CheckString(1)))
	if err != nil {
		s.raise(L, err)
	}
	if s.loadText(L, text, "="+L.CheckString(1)) != 1 {
		L.Error(L.Get(-1), 0)
	}
	top := L.GetTop()
	L.Call(0, lua.MultRet)
	return L.GetTop() - top + 1
}
