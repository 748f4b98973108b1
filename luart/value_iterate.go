package luart

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// iterate is pairs and ipairs: it returns the step function, what to iterate over, and where to start.
func iterate(L *lua.LState, name string, step *lua.LFunction, start lua.LValue) int {
	v := L.Get(1)
	switch v := v.(type) {
	case *lua.LTable, *record, *array:
	case *mapping:
		if name == "pairs" {
			return iterateMap(L, v)
		}
	default:
		L.RaiseError("%s: %v", name, expected("a table or an event", v))
	}
	L.Push(step)
	L.Push(v)
	L.Push(start)
	return 3
}

// iterateMap is pairs of a map. Keys may be deleted on the way.
func iterateMap(L *lua.LState, m *mapping) int {
	var c cursor
	L.Push(L.NewFunction(func(L *lua.LState) int {
		k, v := m.next(&c)
		L.Push(k)
		L.Push(v)
		return 2
	}))
	return 1
}

// nextField is next. The fields of an event come in the order of their declaration.
func nextField(L *lua.LState) int {
	key := L.Get(2)
	var k, v lua.LValue = lua.LNil, lua.LNil
	switch c := L.Get(1).(type) {
	case *lua.LTable:
		k, v = c.Next(key)
	case *record:
		name, isString := key.(lua.LString)
		field, value, ok, known := c.next(string(name))
		if !known || key != lua.LNil && !isString {
			L.RaiseError("next: %s has no field %s", c.layout.Name, key.String())
		}
		if ok {
			k, v = lua.LString(field), value
		}
	case *array:
		i, ok := key.(lua.LNumber)
		if key != lua.LNil && !ok {
			L.RaiseError("next: an array has no element %s", key.String())
		}
		if value := c.at(int(i) + 1); value != lua.LNil {
			k, v = i+1, value
		}
	case *mapping:
		var at cursor
		if key != lua.LNil {
			var ok bool
			if at, ok = c.after(key); !ok {
				L.RaiseError("next: the map has no key %s", key.String())
			}
		}
		k, v = c.next(&at)
	default:
		L.RaiseError("next: %v", expected("a table or an event", c))
	}
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

// nextElement is the step of ipairs.
func nextElement(L *lua.LState) int {
	i := L.CheckInt(2) + 1
	var v lua.LValue = lua.LNil
	switch c := L.Get(1).(type) {
	case *lua.LTable:
		v = element(c, i)
	case *array:
		v = c.at(i)
	case *mapping:
		v = c.get(lua.LNumber(i))
	}
	if v == lua.LNil {
		L.Push(v)
		return 1
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

// exactToNumber returns tonumber, which keeps integers of up to 64 bits exact.
func exactToNumber(fn lua.LValue) lua.LGFunction {
	call := fn.(*lua.LFunction).GFunction
	return func(L *lua.LState) int {
		switch v := L.Get(1).(type) {
		case wide:
			L.Push(v)
			return 1
		case lua.LString:
			n, ok := parseNumber(string(v))
			if base := L.Get(2); base != lua.LNil {
				n, ok = parseInBase(string(v), L.OptInt(2, 10))
			}
			if !ok {
				n = lua.LNil
			}
			L.Push(n)
			return 1
		}
		return call(L)
	}
}

// parseInBase reads the digits of an integer in base 2 to 36.
func parseInBase(text string, base int) (lua.LValue, bool) {
	digits, neg := strings.CutPrefix(strings.TrimSpace(text), "-")
	if base == 16 && len(digits) > 2 && strings.EqualFold(digits[:2], "0x") {
		digits = digits[2:]
	}
	mag, err := strconv.ParseUint(digits, base, 64)
	if err != nil || base < 2 || neg && mag > 1<<63 {
		return nil, false
	}
	return integer{neg: neg && mag != 0, mag: mag}.value(), true
}
