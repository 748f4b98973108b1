package luart

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Functions of Lua's library that differ from the interpreter's own.

// maxString bounds what one call makes, in bytes: the machine's memory should not hang on one factor.
const maxString = 256 << 20

// openStrings replaces the functions of string that make long texts of short ones, copies of long ones, or a value of each byte.
func (s *Script) openStrings(lib *lua.LTable) {
	lib.RawSetString("rep", s.state.NewFunction(s.stringRep))
	bytesOf := lib.RawGetString("byte").(*lua.LFunction).GFunction
	lib.RawSetString("byte", s.state.NewFunction(func(L *lua.LState) int {
		if n := len(L.CheckString(1)); n > maxArguments && L.GetTop() > 2 {
			if wanted := position(L.CheckInt(3), n) - max(1, position(L.OptInt(2, 1), n)) + 1; wanted > maxArguments {
				L.RaiseError("string.byte: %d values are more than a function can return (%d)", wanted, maxArguments)
			}
		}
		return bytesOf(L)
	}))
	for _, name := range []string{"lower", "reverse", "upper"} {
		call := lib.RawGetString(name).(*lua.LFunction).GFunction
		lib.RawSetString(name, s.state.NewFunction(func(L *lua.LState) int {
			s.guard.reserve(len(L.CheckString(1)))
			return call(L)
		}))
	}
}

// position returns the index of a byte among n that i means: a negative one counts from the end.
func position(i, n int) int {
	if i < 0 {
		return n + i + 1
	}
	return min(i, n)
}

// stringRep is string.rep with a bound.
func (s *Script) stringRep(L *lua.LState) int {
	text, n := L.CheckString(1), float64(L.CheckNumber(2))
	if n < 1 || math.IsNaN(n) || text == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > float64(maxString/len(text)) {
		L.RaiseError("string.rep: the result would be larger than %d MB", maxString>>20)
	}
	s.guard.reserve(int(n) * len(text))
	L.Push(lua.LString(strings.Repeat(text, int(n))))
	return 1
}

// luaError is error(message[, level]). The interpreter's own does not count levels as Lua does: 1 is the function that called error,
// 2 the one that called that.
func luaError(L *lua.LState) int {
	message := L.Get(1)
	level := L.OptInt(2, 1)
	if text, ok := message.(lua.LString); ok && level > 0 {
		message = lua.LString(where(L, level)) + text
	}
	L.Error(message, 0)
	return 0
}

// luaTraceback is debug.traceback without the functions of Go.
func luaTraceback(L *lua.LState) int {
	message := L.Get(1)
	if message != lua.LNil && message.Type() != lua.LTString && message.Type() != lua.LTNumber {
		L.Push(message) // as in Lua, what is no text passes through
		return 1
	}
	trace := strings.Join(append([]string{"stack traceback:"}, frames(L, maxTraceback)...), "\n\t")
	if message != lua.LNil {
		trace = message.String() + "\n" + trace
	}
	L.Push(lua.LString(trace))
	return 1
}
