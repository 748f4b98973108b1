package luart

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// operation is an arithmetic operator.
type operation struct {
	event string // the metamethod
	// integers is of two numbers of which at least one is wide. Integers stay exact as the methods of integer say.
	integers func(i, j integer) lua.LValue
	// floats is where an operand is not integral.
	floats func(x, y float64) float64
	// exact returns what is exact of two plain numbers; nil: floats is.
	exact func(i, j integer) (neg bool, hi, lo uint64)
}

// arithmetic has the operators by opcode.
var arithmetic = [...]operation{
	lua.OP_ADD: {"__add", func(i, j integer) lua.LValue { return i.add(j).value() }, func(x, y float64) float64 { return x + y }, integer.sum},
	lua.OP_SUB: {"__sub", func(i, j integer) lua.LValue { return i.sub(j).value() }, func(x, y float64) float64 { return x - y }, integer.difference},
	lua.OP_MUL: {"__mul", func(i, j integer) lua.LValue { return i.mul(j).value() }, func(x, y float64) float64 { return x * y }, integer.product},
	lua.OP_DIV: {"__div", quotient, func(x, y float64) float64 { return x / y }, nil},
	lua.OP_MOD: {"__mod", modulo, floatModulo, nil},
	lua.OP_POW: {"__pow", power, math.Pow, integer.raised},
}

// ofNumbers applies it to two plain numbers, of whose result r is the nearest float. It is exact where both are integers and 64 bits
// can mean it. Otherwise it is r, as of all numbers.
func (op operation) ofNumbers(x, y, r lua.LNumber) lua.LValue {
	if op.exact == nil {
		return r
	}
	if i, ok := integerOfFloat(float64(x)); ok {
		if j, ok := integerOfFloat(float64(y)); ok {
			if neg, hi, lo := op.exact(i, j); inRange(neg, hi, lo) {
				return integer{neg: neg && lo != 0, mag: lo}.value()
			}
		}
	}
	return r
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
	return lua.LNumber(i.over(j))
}

// over returns the float nearest to i/j, which is no integer.
func (i integer) over(j integer) float64 {
	if i.mag == 0 || j.mag == 0 {
		return i.float() / j.float()
	}
	// A quotient of 63 or 64 bits is more than a float has. Its last bit stands for all that follow.
	zeros, shift := bits.LeadingZeros64(i.mag), bits.LeadingZeros64(j.mag)
	mag := i.mag << zeros
	q, r := bits.Div64(mag>>1, mag<<63, j.mag<<shift)
	if r != 0 {
		q |= 1
	}
	f := math.Ldexp(float64(q), shift-zeros-63)
	if i.neg != j.neg {
		return -f
	}
	return f
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

// raised returns sign and magnitude of i^j, whose magnitude is above 1. hi is 1 where that takes more than 64 bits, or is a fraction.
func (i integer) raised(j integer) (neg bool, hi, lo uint64) {
	if j.neg || j.mag > 64 {
		return false, 1, 0
	}
	p := integer{mag: 1}
	for range j.mag {
		neg, hi, lo := p.product(i)
		if hi != 0 {
			return false, 1, 0
		}
		p = integer{neg, lo}
	}
	return p.neg, 0, p.mag
}

// negated returns -v.
func negated(v lua.LValue) lua.LValue {
	if w, ok := v.(wide); ok {
		return integer(w).negate().value()
	}
	return -v.(lua.LNumber)
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
	for _, op := range arithmetic[lua.OP_ADD:] {
		mt.RawSetString(op.event, L.NewFunction(func(L *lua.LState) int {
			a, b := L.Get(1), L.Get(2)
			v, ok := operand(a)
			w, also := operand(b)
			switch fn := L.GetMetaField(b, op.event); {
			case ok && also:
				L.Push(op.of(v, w))
			case ok && fn.Type() == lua.LTFunction && b.Type() == lua.LTTable: // a number has no metamethods that come first
				L.Push(fn)
				L.Push(a)
				L.Push(b)
				L.Call(2, 1)
			default:
				L.RaiseError("cannot perform %s operation between %s and %s", op.event[2:], typeName(a), typeName(b))
			}
			return 1
		}))
	}
	mt.RawSetString("__unm", L.NewFunction(func(L *lua.LState) int {
		w, ok := L.Get(1).(wide)
		if !ok {
			L.RaiseError("cannot negate %s", typeName(L.Get(1)))
		}
		L.Push(negated(w))
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
