package luart

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// openValues makes 64-bit integers and events behave in L as numbers and tables do: the operators, and those
// functions of the standard library that look at a value's type. methods has those of events, arrays and numbers by class and name.
func openValues(L *lua.LState, methods map[string]map[string]lua.LValue) {
	// The interpreter keeps one metatable for all userdata values that are not *lua.LUserData, so the
	// functions in it tell them apart.
	mt := L.NewTable()
	setArithmetic(L, mt)
	mt.RawSetString("__index", L.NewFunction(newIndex(methods)))
	mt.RawSetString("__newindex", L.NewFunction(assignField))
	mt.RawSetString("__len", L.NewFunction(length))
	mt.RawSetString("__concat", L.NewFunction(concat))
	protect(mt)
	L.SetMetatable(wide{}, mt)

	// A field is a number or a wide depending on its value alone, so both have the methods.
	numbers := L.NewTable()
	numbers.RawSetString("__index", mt.RawGetString("__index"))
	protect(numbers)
	L.SetMetatable(lua.LNumber(0), numbers)

	next := L.NewFunction(nextField)
	ipairs := L.NewFunction(nextElement)
	for name, fn := range map[string]lua.LGFunction{
		"next":     nextField,
		"pairs":    func(L *lua.LState) int { return iterate(L, "pairs", next, lua.LNil) },
		"ipairs":   func(L *lua.LState) int { return iterate(L, "ipairs", ipairs, lua.LNumber(0)) },
		"tonumber": exactToNumber(L.GetGlobal("tonumber")),
	} {
		L.SetGlobal(name, L.NewFunction(fn))
	}
	openMath(L)
}

// protect keeps scripts from reading and replacing a metatable that is shared by all values of a kind.
func protect(mt *lua.LTable) { mt.RawSetString("__metatable", lua.LFalse) }

// newIndex returns the __index of all our values.
func newIndex(methods map[string]map[string]lua.LValue) lua.LGFunction {
	ofRecord, ofArray, ofNumber, ofAggregation := methods["event"], methods["array"], methods["number"], methods["aggregation"]
	return func(L *lua.LState) int {
		key := L.Get(2)
		name, named := key.(lua.LString)
		switch v := L.Get(1).(type) {
		case *record:
			if i, ok := v.layout.index[string(name)]; ok && named {
				L.Push(v.at(i))
				return 1
			}
			return pushMethod(L, ofRecord, name)
		case *array:
			if i, ok := key.(lua.LNumber); ok && float64(i) == float64(int(i)) {
				L.Push(v.at(int(i)))
				return 1
			}
			return pushMethod(L, ofArray, name)
		case *mapping:
			L.Push(v.get(key))
			return 1
		case *aggregation:
			return pushMethod(L, ofAggregation, name)
		default:
			if fn, ok := ofNumber[string(name)]; ok {
				L.Push(fn)
				return 1
			}
			L.RaiseError("attempt to index a number with key '%s'", key.String())
			return 0
		}
	}
}

func pushMethod(L *lua.LState, methods map[string]lua.LValue, name lua.LString) int {
	if fn, ok := methods[string(name)]; ok {
		L.Push(fn)
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// numberHex is n:hex(): "0x" and the hexadecimal digits, of the two's complement where n is negative.
func (*Script) numberHex(L *lua.LState) int {
	i, ok := integerOf(L.Get(1))
	if !ok {
		L.RaiseError("hex: %v", expected("a whole number", L.Get(1)))
	}
	L.Push(lua.LString(fmt.Sprintf("%#x", i.bits())))
	return 1
}

func assignField(L *lua.LState) int {
	if m, ok := L.Get(1).(*mapping); ok {
		if n, ok := L.Get(2).(lua.LNumber); ok && n != n || L.Get(2) == lua.LNil {
			L.RaiseError("cannot set element %v of a map: it is no key", L.Get(2))
		}
		m.set(L.Get(2), L.Get(3))
		return 0
	}
	key := L.ToStringMeta(L.Get(2)).String()
	switch v := L.Get(1).(type) {
	case *record:
		L.RaiseError("cannot set field %s of %s: events are read-only (event:totable() copies one)", key, v.layout.Name)
	case *array:
		L.RaiseError("cannot set element %s of an array: events are read-only (event:totable() copies one)", key)
	case *aggregation:
		L.RaiseError("cannot set field %s of an aggregation; add takes values", key)
	}
	L.RaiseError("attempt to index a number with key '%s'", key)
	return 0
}

func length(L *lua.LState) int {
	switch v := L.Get(1).(type) {
	case *record:
		L.Push(lua.LNumber(0)) // as a table without a list has it
	case *array:
		L.Push(lua.LNumber(v.len()))
	case *mapping:
		L.Push(lua.LNumber(v.len()))
	case *aggregation:
		v.used = true
		L.Push(lua.LNumber(v.Len()))
	default:
		L.RaiseError("attempt to get length of a number")
	}
	return 1
}

// concat is the .. operator where one side is a value of ours. Events concatenate as they print.
func concat(L *lua.LState) int {
	for i := 1; i <= 2; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString, lua.LNumber, wide, *record, *array:
		default:
			L.RaiseError("cannot perform concat operation between %s and %s", typeName(L.Get(1)), typeName(v))
		}
	}
	L.Push(lua.LString(L.Get(1).String() + L.Get(2).String()))
	return 1
}

// typeName names the type of v as error messages of the interpreter do.
func typeName(v lua.LValue) string {
	switch v.(type) {
	case wide:
		return "number"
	case *record:
		return "event"
	case *array:
		return "array"
	case *mapping:
		return "map"
	case *aggregation:
		return "aggregation"
	}
	return v.Type().String()
}
