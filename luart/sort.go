package luart

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// sortValue is sort(x[, by]). It orders in place and returns x. An event gets its fields in the order of their names.
// A list is ordered by its elements, by a field of them ("name", or "-name" for descending), or by
// a function that says whether its first argument comes before its second. Equal elements keep their order.
func (s *Script) sortValue(L *lua.LState) int {
	var x, by lua.LValue
	unpack(L, "sort", "x", &x, "by?", &by)
	switch x := x.(type) {
	case *record:
		if by != nil {
			L.RaiseError("sort: an event has one order, by the names of its fields; leave out the second argument")
		}
		x.layout = x.layout.sorted()
	case *lua.LTable:
		s.sortList(L, x, by)
	default:
		L.RaiseError("sort: %v", expected("a list or an event", x))
	}
	L.Push(x)
	return 1
}

// tableSort is table.sort, which orders 64-bit integers among numbers.
func (s *Script) tableSort(L *lua.LState) int {
	var list *lua.LTable
	var comp *lua.LFunction
	unpack(L, "table.sort", "list", &list, "comp?", &comp)
	less := func(a, b lua.LValue) bool { s.alarm.check(); return compare(L, "<", a, b) }
	if comp != nil {
		less = s.calling(L, comp)
	}
	elements := listElements(list)
	sortStable(elements, less)
	storeElements(list, elements)
	return 0
}

// sortList orders the elements of list.
func (s *Script) sortList(L *lua.LState, list *lua.LTable, by lua.LValue) {
	elements := listElements(list)
	if key, _ := list.Next(lua.LNil); len(elements) == 0 && key != lua.LNil {
		L.RaiseError("sort: expected a list, got a table with names (collect its entries in a list first)")
	}
	switch by := by.(type) {
	case nil:
		s.sortByKeys(L, elements, elements, "", false)
	case *lua.LFunction:
		sortStable(elements, s.calling(L, by))
	case lua.LString:
		name, descending := strings.CutPrefix(string(by), "-")
		keys := make([]lua.LValue, len(elements))
		for i, e := range elements {
			keys[i] = sortKey(L, e, name, i+1)
		}
		s.sortByKeys(L, elements, keys, name, descending)
	default:
		L.RaiseError("sort: by: %v", expected("the name of a field or a function", by))
	}
	storeElements(list, elements)
}

func listElements(list *lua.LTable) []lua.LValue {
	elements := make([]lua.LValue, listLen(list))
	for i := range elements {
		elements[i] = element(list, i+1)
	}
	return elements
}

func storeElements(list *lua.LTable, elements []lua.LValue) {
	for i, e := range elements {
		list.RawSetInt(i+1, e)
	}
}

// sortStable orders elements by less, which may be a script's and contradict itself.
func sortStable(elements []lua.LValue, less func(a, b lua.LValue) bool) {
	sort.SliceStable(elements, func(i, j int) bool { return less(elements[i], elements[j]) })
}

// calling returns a less that asks the Lua function fn.
func (s *Script) calling(L *lua.LState, fn *lua.LFunction) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		s.alarm.check()
		L.Push(fn)
		L.Push(a)
		L.Push(b)
		L.Call(2, 1)
		less := L.Get(-1)
		L.Pop(1)
		return lua.LVAsBool(less)
	}
}

// sortKey returns the field called name of element i of a list.
func sortKey(L *lua.LState, element lua.LValue, name string, i int) lua.LValue {
	switch element.(type) {
	case *lua.LTable, *record:
	default:
		L.RaiseError("sort: element %d is %s, which has no field %q", i, describe(element), name)
	}
	key := L.GetField(element, name)
	if key == lua.LNil {
		L.RaiseError("sort: element %d has no field %q", i, name)
	}
	return key
}

// sortByKeys orders elements as their keys, which are all numbers or all strings, are ordered. field is
// where the keys are from; "" means that they are the elements themselves.
func (s *Script) sortByKeys(L *lua.LState, elements, keys []lua.LValue, field string, descending bool) {
	for i, k := range keys {
		if err := comparableKeys(keys[0], k, i, field); err != nil {
			L.RaiseError("sort: %v", err)
		}
	}
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		s.alarm.check()
		if descending {
			i, j = j, i
		}
		if a, ok := keys[i].(lua.LString); ok {
			return cmp.Compare(a, keys[j].(lua.LString))
		}
		return compareNumbers(keys[i], keys[j])
	})
	from := slices.Clone(elements)
	for to, i := range order {
		elements[to] = from[i]
	}
}

// comparableKeys says what is wrong with key number i, counted from 0, of a list whose first key is first.
func comparableKeys(first, key lua.LValue, i int, field string) error {
	of := fmt.Sprintf("element %d", i+1)
	if field != "" {
		of = fmt.Sprintf("field %q of element %d", field, i+1)
	}
	_, isNumber := number(key)
	_, isString := key.(lua.LString)
	if !isNumber && !isString {
		if field == "" {
			return fmt.Errorf("%s is %s; say what to order by: sort(list, \"field\") or sort(list, function(a, b) ... end)", of, describe(key))
		}
		return fmt.Errorf("%s is %s, which has no order", of, describe(key))
	}
	if _, firstIsNumber := number(first); firstIsNumber != isNumber {
		return fmt.Errorf("%s is %s, but that of element 1 is %s", of, describe(key), describe(first))
	}
	return nil
}
