package luart

import (
	gomath "math"

	lua "github.com/yuin/gopher-lua"
)

// openMath makes the functions of math that are exact on integers so on 64-bit ones.
func openMath(L *lua.LState) {
	math, ok := L.GetGlobal("math").(*lua.LTable)
	if !ok {
		return
	}
	math.RawSetString("huge", lua.LNumber(gomath.Inf(1))) // the interpreter has the largest finite number
	for name, exact := range map[string]func(w wide) lua.LValue{
		"floor": func(w wide) lua.LValue { return w },
		"ceil":  func(w wide) lua.LValue { return w },
		"abs":   func(w wide) lua.LValue { return integer{mag: w.mag}.value() },
	} {
		ofFloat := math.RawGetString(name).(*lua.LFunction).GFunction
		math.RawSetString(name, L.NewFunction(func(L *lua.LState) int {
			if w, ok := L.Get(1).(wide); ok {
				L.Push(exact(w))
				return 1
			}
			return ofFloat(L)
		}))
	}
	for name, op := range map[string]string{"max": ">", "min": "<"} {
		math.RawSetString(name, L.NewFunction(func(L *lua.LState) int {
			var best lua.LValue
			for i := 1; i <= max(1, L.GetTop()); i++ {
				n, ok := operand(L.Get(i))
				if !ok {
					L.RaiseError("math.%s: argument %d: %v", name, i, expected("a number", L.Get(i)))
				}
				if best == nil || compare(L, op, n, best) {
					best = n
				}
			}
			L.Push(best)
			return 1
		}))
	}
}
