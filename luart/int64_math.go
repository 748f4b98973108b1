package luart

import (
	"errors"
	"fmt"
	gomath "math"
	"math/bits"
	"math/rand"

	lua "github.com/yuin/gopher-lua"
)

// openMath makes the functions of math that are exact on integers so on 64-bit ones.
func openMath(L *lua.LState) {
	math, ok := L.GetGlobal("math").(*lua.LTable)
	if !ok {
		return
	}
	math.RawSetString("huge", lua.LNumber(gomath.Inf(1))) // the interpreter has the largest finite number
	openFloats(L, math)
	math.RawSetString("random", L.NewFunction(luaRandom))
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

// luaRandom is math.random with bounds of 64 bits.
func luaRandom(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.Push(lua.LNumber(rand.Float64()))
		return 1
	}
	bounds := [2]integer{{mag: 1}, {mag: 1}}
	last := min(L.GetTop(), 2)
	for i := 1; i <= last; i++ {
		n, ok := operand(L.Get(i))
		if !ok {
			L.RaiseError("math.random: argument %d: %v", i, expected("a number", L.Get(i)))
		}
		bound, err := truncated(n)
		if err != nil {
			L.RaiseError("math.random: argument %d: %v", i, err)
		}
		bounds[2-last+i-1] = bound
	}
	n, err := randomBetween(bounds[0], bounds[1])
	if err != nil {
		L.RaiseError("math.random: %v", err)
	}
	L.Push(n.value())
	return 1
}

// randomBetween returns one of the integers from low to high, all of them as likely.
func randomBetween(low, high integer) (integer, error) {
	if low.cmp(high) > 0 {
		return integer{}, fmt.Errorf("there is no integer from %v to %v", low, high)
	}
	span, carry := high.bits()-low.bits(), uint64(0)
	if low.neg && !high.neg {
		span, carry = bits.Add64(low.mag, high.mag, 0)
	}
	if carry != 0 {
		return integer{}, errors.New("the bounds are further apart than 64 bits can count")
	}
	r := rand.Uint64()
	if n := span + 1; n != 0 { // else any 64 bits will do
		for r-r%n > -n { // the last round of n is not a whole one
			r = rand.Uint64()
		}
		r %= n
	}
	switch {
	case !low.neg:
		return integer{mag: low.mag + r}, nil
	case r >= low.mag:
		return integer{mag: r - low.mag}, nil
	default:
		return integer{neg: true, mag: low.mag - r}, nil
	}
}
