package luart

import (
	lua "github.com/yuin/gopher-lua"
)

// openTables replaces the functions of table that are about lists, which may be longer than the interpreter's knows.
func (s *Script) openTables(lib *lua.LTable) {
	for name, fn := range map[string]lua.LGFunction{
		"concat": s.tableConcat,
		"getn":   s.tableGetN,
		"insert": s.tableInsert,
		"maxn":   tableMaxN,
		"remove": s.tableRemove,
		"sort":   s.tableSort,
	} {
		lib.RawSetString(name, s.state.NewFunction(fn))
	}
	s.state.SetGlobal("unpack", s.state.NewFunction(s.unpackList))
}

// list returns argument 1 of fn, a list. An array of an event is copied to one.
func list(L *lua.LState, fn string) *lua.LTable {
	switch v := L.Get(1).(type) {
	case *lua.LTable:
		return v
	case *array:
		return v.table(L)
	}
	L.RaiseError("%s: %v", fn, expected("a table", L.Get(1)))
	return nil
}

// lastOf returns argument i, or the length of t where there is none.
func (s *Script) lastOf(L *lua.LState, t *lua.LTable, i int) int {
	if L.Get(i) == lua.LNil {
		return s.lengths.of(t)
	}
	return L.CheckInt(i)
}

// tableConcat is table.concat(list[, sep[, i[, j]]]).
func (s *Script) tableConcat(L *lua.LState) int {
	t := list(L, "table.concat")
	sep, first := L.OptString(2, ""), L.OptInt(3, 1)
	last := s.lastOf(L, t, 4)
	var text []byte
	for i := first; i <= last; i++ {
		switch v := element(t, i).(type) {
		case lua.LString:
			text = append(text, v...)
		case lua.LNumber, wide:
			text = append(text, v.String()...)
		default:
			L.RaiseError("table.concat: element %d is %s, neither text nor a number", i, describe(v))
		}
		if i < last {
			text = append(text, sep...)
		}
		if len(text) > maxString {
			L.RaiseError("table.concat: the result would be larger than %d MB", maxString>>20)
		}
		if i%checkEvery == 0 {
			s.alarm.check()
		}
	}
	s.guard.reserve(len(text))
	L.Push(lua.LString(text))
	return 1
}

// checkEvery is how many elements of a list are dealt with between two looks at the alarm.
const checkEvery = 1 << 12

func (s *Script) tableGetN(L *lua.LState) int {
	L.Push(lua.LNumber(s.lengths.of(list(L, "table.getn"))))
	return 1
}

// tableMaxN is table.maxn(t), the largest number that is a key.
func tableMaxN(L *lua.LState) int {
	largest := lua.LNumber(0)
	list(L, "table.maxn").ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); ok {
			largest = max(largest, n)
		}
	})
	L.Push(largest)
	return 1
}

// tableInsert is table.insert(list[, pos], value).
func (s *Script) tableInsert(L *lua.LState) int {
	var t *lua.LTable
	var value lua.LValue
	if L.GetTop() < 3 {
		unpack(L, "table.insert", "list", &t, "value", &value)
		t.RawSet(lua.LNumber(s.lengths.of(t)+1), value)
		return 0
	}
	var pos int
	unpack(L, "table.insert", "list", &t, "pos", &pos, "value?", &value)
	if value == nil {
		value = lua.LNil
	}
	n := s.lengths.of(t)
	if pos >= 1 && pos <= n && n+1 < maxArray {
		t.Insert(pos, value) // moves the array at once
		return 0
	}
	for i := n; i >= pos && pos >= 1; i-- {
		t.RawSet(lua.LNumber(i+1), element(t, i))
	}
	t.RawSet(lua.LNumber(pos), value)
	return 0
}

// tableRemove is table.remove(list[, pos]).
func (s *Script) tableRemove(L *lua.LState) int {
	var t *lua.LTable
	pos := 0
	unpack(L, "table.remove", "list", &t, "pos?", &pos)
	n := s.lengths.of(t)
	if L.Get(2) == lua.LNil {
		pos = n
	}
	if pos < 1 || pos > n {
		L.Push(lua.LNil)
		return 1
	}
	removed := element(t, pos)
	if n+1 < maxArray {
		t.Remove(pos)
	} else {
		for i := pos; i < n; i++ {
			t.RawSet(lua.LNumber(i), element(t, i+1))
		}
		t.RawSet(lua.LNumber(n), lua.LNil)
	}
	L.Push(removed)
	return 1
}

// unpackList is unpack(list[, i[, j]]).
func (s *Script) unpackList(L *lua.LState) int {
	t := list(L, "unpack")
	first := L.OptInt(2, 1)
	last := s.lastOf(L, t, 3)
	if n := float64(last) - float64(first) + 1; n > maxArguments {
		L.RaiseError("unpack: %.0f values are more than a function can take (%d)", n, maxArguments)
	}
	for i := first; i <= last; i++ {
		L.Push(element(t, i))
	}
	return max(0, last-first+1)
}

// maxArguments bounds the values of one call, which share the interpreter's registers with all calls in progress.
const maxArguments = 1 << 19
