package luart

import (
	"cmp"

	lua "github.com/yuin/gopher-lua"
)

// compare is the comparison a op b, where op is one of == ~= < <= > >=. The interpreter compares a number with
// anything but a number by raising an error before it looks for a metamethod, so that comparisons in scripts
// come here instead. 64-bit values and numbers compare by exact value; all else is Lua's own rule and error.
func compare(L *lua.LState, op string, a, b lua.LValue) bool {
	switch op {
	case "==":
		return equal(L, a, b)
	case "~=":
		return !equal(L, a, b)
	case ">":
		return less(L, b, a)
	case ">=":
		return lessEqual(L, b, a)
	case "<=":
		return lessEqual(L, a, b)
	default:
		return less(L, a, b)
	}
}

func equal(L *lua.LState, a, b lua.LValue) bool {
	if c, ok := compareWide(a, b); ok {
		return c == 0
	}
	return L.Equal(a, b)
}

func less(L *lua.LState, a, b lua.LValue) bool {
	if c, ok := compareWide(a, b); ok {
		return c == -1
	}
	return L.LessThan(a, b)
}

func lessEqual(L *lua.LState, a, b lua.LValue) bool {
	if c, ok := compareWide(a, b); ok {
		return c == -1 || c == 0
	}
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return x <= y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			return x <= y
		}
	default:
		if le := L.GetMetaField(a, "__le"); le.Type() == lua.LTFunction && le == L.GetMetaField(b, "__le") {
			L.Push(le)
			L.Push(a)
			L.Push(b)
			L.Call(2, 1)
			le := L.Get(-1)
			L.Pop(1)
			return lua.LVAsBool(le)
		}
	}
	if a.Type() != b.Type() {
		return L.LessThan(a, b) // raises, and names the two in their order
	}
	return !L.LessThan(b, a) // Lua 5.1's rule where there is no __le
}

// unordered is what compareWide returns for NaN, which is neither less, equal nor greater.
const unordered = 2

// compareWide compares two numbers of which at least one is wide; ok is false for all else.
func compareWide(a, b lua.LValue) (c int, ok bool) {
	switch x := a.(type) {
	case wide:
		switch y := b.(type) {
		case wide:
			return integer(x).cmp(integer(y)), true
		case lua.LNumber:
			if y != y {
				return unordered, true
			}
			return integer(x).cmpFloat(float64(y)), true
		}
	case lua.LNumber:
		if y, ok := b.(wide); ok {
			if x != x {
				return unordered, true
			}
			return -integer(y).cmpFloat(float64(x)), true
		}
	}
	return 0, false
}

// number returns v if it is a number of either kind.
func number(v lua.LValue) (lua.LValue, bool) {
	switch v.(type) {
	case lua.LNumber, wide:
		return v, true
	}
	return nil, false
}

// compareNumbers orders two numbers of either kind for sorting; NaN comes first.
func compareNumbers(a, b lua.LValue) int {
	if c, ok := compareWide(a, b); ok && c != unordered {
		return c
	}
	return cmp.Compare(floatOf(a), floatOf(b))
}
