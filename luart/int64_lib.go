package luart

import (
	gomath "math"

	lua "github.com/yuin/gopher-lua"
)

// Functions of Lua's library that know no integers above 2^53.

// replaceIn replaces functions of a library.
func replaceIn(L *lua.LState, lib *lua.LTable, with func(lua.LGFunction) lua.LGFunction, names ...string) {
	for _, name := range names {
		lib.RawSetString(name, L.NewFunction(with(lib.RawGetString(name).(*lua.LFunction).GFunction)))
	}
}

// openFloats gives the functions of math that have no exact result the number next to an integer. fmod and modf have one.
func openFloats(L *lua.LState, math *lua.LTable) {
	replaceIn(L, math, func(fn lua.LGFunction) lua.LGFunction {
		return func(L *lua.LState) int {
			for i := 1; i <= L.GetTop(); i++ {
				if w, ok := L.Get(i).(wide); ok {
					L.Replace(i, lua.LNumber(integer(w).float()))
				}
			}
			return fn(L)
		}
	}, "acos", "asin", "atan", "atan2", "cos", "cosh", "deg", "exp", "fmod", "frexp", "ldexp", "log", "log10", "mod", "modf", "pow", "rad",
		"randomseed", "sin", "sinh", "sqrt", "tan", "tanh")
	replaceIn(L, math, func(ofFloats lua.LGFunction) lua.LGFunction {
		return func(L *lua.LState) int {
			i, ok := integerOf(L.Get(1))
			j, both := integerOf(L.Get(2))
			if !ok || !both || j.mag == 0 || i.mag%j.mag == 0 { // the rest is not a number, or zero with a sign
				return ofFloats(L)
			}
			L.Push(integer{neg: i.neg, mag: i.mag % j.mag}.value()) // the sign is as in C
			return 1
		}
	}, "fmod", "mod")
	replaceIn(L, math, func(ofFloats lua.LGFunction) lua.LGFunction {
		return func(L *lua.LState) int {
			if w, ok := L.Get(1).(wide); ok {
				L.Push(w)
				L.Push(lua.LNumber(0))
				return 2
			}
			return ofFloats(L)
		}
	}, "modf")
}

// openTexts has the functions of string take integers above 2^53 for texts, as they take all numbers, and for positions and counts:
// the interpreter would convert those, and math.huge, to an int that they do not fit into.
func openTexts(L *lua.LState, lib *lua.LTable) {
	of := func(texts int) func(lua.LGFunction) lua.LGFunction {
		return func(fn lua.LGFunction) lua.LGFunction {
			return func(L *lua.LState) int {
				for i := 1; i <= L.GetTop(); i++ {
					switch v := L.Get(i).(type) {
					case wide:
						if i <= texts {
							L.Replace(i, lua.LString(v.String()))
						} else {
							L.Replace(i, lua.LNumber(gomath.Copysign(exactLimit, integer(v).float())))
						}
					case lua.LNumber: // math.huge, for one
						if i > texts && gomath.Abs(float64(v)) > exactLimit {
							L.Replace(i, lua.LNumber(gomath.Copysign(exactLimit, float64(v))))
						}
					}
				}
				return fn(L)
			}
		}
	}
	replaceIn(L, lib, of(1), "byte", "len", "lower", "rep", "reverse", "sub", "upper")
	replaceIn(L, lib, of(2), "find", "gmatch", "match")
	replaceIn(L, lib, of(3), "gsub")
}
