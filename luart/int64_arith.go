package luart

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// arithmetic maps the metamethods of wide values to what they compute. Integers stay exact as the
// methods of integer say; where an operand is not integral the result is a float, as everywhere in Lua.
var arithmetic = map[string]operation{
	"__add": {func(i, j integer) lua.LValue { return i.add(j).value() }, func(x, y float64) float64 { return x + y }},
	"__sub": {func(i, j integer) lua.LValue { return i.sub(j).value() }, func(x, y float64) float64 { return x - y }},
	"__mul": {func(i, j integer) lua.LValue { return i.mul(j).value() }, func(x, y float64) float64 { return x * y }},
	"__div": {quotient, func(x, y float64) float64 { return x / y }},
	"__mod": {modulo, floatModulo},
	"__pow": {power, math.Pow},
}

// operation is an arithmetic operator.
type operation struct {
	integers func(i, j integer) lua.LValue
	floats   func(x, y float64) float64
}

// of applies it to two numbers of either kind.
func (op operation) of(a, b lua.LValue) lua.LValue {
	if i, ok := integerOf(a); ok {
		if j, ok := integerOf(b); ok {
			return op.integers(i, j)
		}
	}
	return lua.LNumber(op.floats(floatOf(a), floatOf(b)))
}

// quotient is exact where j divides i, else the nearest float: Lua's / is no integer division.
func quotient(i, j integer) lua.LValue {
	if j.mag != 0 {
		if q, ok := i.quo(j); ok {
			return q.value()
		}
	}
	return lua.LNumber(i.float() / j.float())
}

func modulo(i, j integer) lua.LValue {
	if j.mag == 0 {
		return lua.LNumber(math.NaN())
	}
	return i.mod(j).value()
}

// floatModulo is Lua's %: the sign is the divisor's.
func floatModulo(x, y float64) float64 {
	m := math.Mod(x, y)
	if m != 0 && (m < 0) != (y < 0) {
		m += y
	}
	return m
}

// power is exact modulo 2^64 for exponents from 0, by squaring, as mul is.
func power(i, j integer) lua.LValue {
	if j.neg {
		return lua.LNumber(math.Pow(i.float(), j.float()))
	}
	p := integer{mag: 1}
	for n := j.mag; n != 0; n >>= 1 {
		if n&1 != 0 {
			p = p.mul(i)
		}
		i = i.mul(i)
	}
	return p.value()
}

// operand returns v as a number for arithmetic: strings that hold one count, as in Lua.
func operand(v lua.LValue) (lua.LValue, bool) {
	switch v := v.(type) {
	case lua.LNumber, wide:
		return v, true
	case lua.LString:
		return parseNumber(string(v))
	}
	return nil, false
}

// floatOf returns the float nearest to a number or wide.
func floatOf(v lua.LValue) float64 {
	if w, ok := v.(wide); ok {
		return integer(w).float()
	}
	return float64(v.(lua.LNumber))
}

// setArithmetic fills mt, the metatable of wide values.
func setArithmetic(L *lua.LState, mt *lua.LTable) {
	for event, op := range arithmetic {
		mt.RawSetString(event, L.NewFunction(func(L *lua.LState) int {
			a, aok := operand(L.Get(1))
			b, bok := operand(L.Get(2))
			if !aok || !bok {
				L.RaiseError("cannot perform %s operation between %s and %s", event[2:], typeName(L.Get(1)), typeName(L.Get(2)))
			}
			L.Push(op.of(a, b))
			return 1
		}))
	}
	mt.RawSetString("__unm", L.NewFunction(func(L *lua.LState) int {
		w, ok := L.Get(1).(wide)
		if !ok {
			L.RaiseError("cannot negate %s", typeName(L.Get(1)))
		}
		L.Push(integer(w).negate().value())
		return 1
	}))
	for event, largest := range map[string]int{"__lt": -1, "__le": 0} {
		mt.RawSetString(event, L.NewFunction(func(L *lua.LState) int {
			c, ok := compareWide(L.Get(1), L.Get(2))
			if !ok {
				L.RaiseError("attempt to compare %s with %s", typeName(L.Get(1)), typeName(L.Get(2)))
			}
			L.Push(lua.LBool(c <= largest))
			return 1
		}))
	}
}
