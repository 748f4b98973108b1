package luart

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// unpack reads the arguments of a call of the builtin fn into pairs of a name and a pointer: "name", &name.
// A name that ends in "?" is optional: where the argument is absent or nil its pointer is left alone.
// Pointers may be *string, *int, *int64, *uint64, *float64, *bool, **lua.LTable, **lua.LFunction and *lua.LValue.
// It raises a Lua error such as "set_kind: expected a string, got nil" for a wrong type, a missing or a surplus argument.
func unpack(L *lua.LState, fn string, pairs ...any) {
	n := len(pairs) / 2
	for i := range n {
		name, optional := strings.CutSuffix(pairs[2*i].(string), "?")
		v := L.Get(i + 1)
		if v == lua.LNil {
			if optional {
				continue
			}
			if i >= L.GetTop() {
				L.RaiseError("%s: missing argument %s", fn, name)
			}
		}
		if err := assign(pairs[2*i+1], v); err != nil {
			// The first argument is the one that everybody thinks of; the others need their name.
			if i == 0 {
				L.RaiseError("%s: %v", fn, err)
			}
			L.RaiseError("%s: %s: %v", fn, name, err)
		}
	}
	if top := L.GetTop(); top > n {
		L.RaiseError("%s: takes %s, got %d", fn, plural(n, "argument"), top)
	}
}

// unpackTable reads the fields of opts, an argument of the builtin fn, into pairs of a key and a pointer as unpack
// does, all of them optional. An unknown key is an error that names the nearest right one.
func unpackTable(L *lua.LState, fn string, opts *lua.LTable, pairs ...any) {
	into := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		into[pairs[i].(string)] = pairs[i+1]
	}
	for _, f := range fields(opts) {
		key, ok := f.key.(lua.LString)
		if !ok {
			L.RaiseError("%s: expected options by name, got the key %v", fn, f.key)
		}
		ptr, ok := into[string(key)]
		if !ok {
			L.RaiseError("%s: unknown option %s%s", fn, key, diag.DidYouMean(string(key), slices.Sorted(maps.Keys(into))))
		}
		if err := assign(ptr, f.value); err != nil {
			L.RaiseError("%s: %s: %v", fn, key, err)
		}
	}
}

// unpackStrings reads all arguments of the builtin fn as strings. An argument may also be a list of strings, as deep
// as one likes, also an empty one. Without any argument it raises an error.
func unpackStrings(L *lua.LState, fn, name string) []string {
	var list []string
	tables := 0
	var add func(v lua.LValue, depth int)
	add = func(v lua.LValue, depth int) {
		t, ok := v.(*lua.LTable)
		if !ok {
			var text string
			if err := assign(&text, v); err != nil {
				L.RaiseError("%s: %v", fn, err)
			}
			list = append(list, text)
			return
		}
		if depth > maxDepth {
			L.RaiseError("%s: the list is nested too deeply", fn)
		}
		if tables++; tables > maxTables {
			L.RaiseError("%s: the list is made of more than %d lists", fn, maxTables)
		}
		n := listLen(t)
		if len(fields(t)) != n {
			L.RaiseError("%s: expected a list, got a table with names", fn)
		}
		for i := 1; i <= n; i++ {
			add(element(t, i), depth+1)
		}
	}
	if L.GetTop() == 0 {
		L.RaiseError("%s: missing argument %s", fn, name)
	}
	for i := 1; i <= L.GetTop(); i++ {
		add(L.Get(i), 0)
	}
	return list
}

// maxDepth bounds the nesting of tables that builtins read, so that a table that holds itself is an error, and maxTables how many lists a list is
// made of: those that hold each other have exponentially many elements.
const (
	maxDepth  = 64
	maxTables = 1 << 16
)

// assign stores v where ptr points. Its error says "expected a string, got nil".
func assign(ptr any, v lua.LValue) error {
	switch p := ptr.(type) {
	case *lua.LValue:
		*p = v
		return nil
	case *string:
		// Numbers are not taken for strings: a name that is a number is a mistake.
		if s, ok := v.(lua.LString); ok {
			*p = string(s)
			return nil
		}
		return expected("a string", v)
	case *bool:
		if b, ok := v.(lua.LBool); ok {
			*p = bool(b)
			return nil
		}
		return expected("a boolean", v)
	case **lua.LTable:
		if t, ok := v.(*lua.LTable); ok {
			*p = t
			return nil
		}
		return expected("a table", v)
	case **lua.LFunction:
		if f, ok := v.(*lua.LFunction); ok {
			*p = f
			return nil
		}
		return expected("a function", v)
	case *float64:
		if n, ok := v.(lua.LNumber); ok {
			*p = float64(n)
			return nil
		}
		return expected("a number", v)
	}
	return assignInteger(ptr, v)
}

// assignInteger stores v where ptr points, if it is an integer that fits.
func assignInteger(ptr any, v lua.LValue) error {
	n, ok := goValue(v)
	if !ok {
		return expected("a number", v)
	}
	switch n := n.(type) {
	case int64:
		switch p := ptr.(type) {
		case *int:
			*p = int(n)
			return nil
		case *int64:
			*p = n
			return nil
		case *uint64:
			if n >= 0 {
				*p = uint64(n)
				return nil
			}
			return expected("a number that is not negative", v)
		}
	case uint64:
		if p, ok := ptr.(*uint64); ok {
			*p = n
			return nil
		}
		return fmt.Errorf("the number %v is too large", v)
	case float64:
		return expected("a whole number", v)
	}
	return expected("a number", v)
}

// expected says that v is not what it should be.
func expected(want string, v lua.LValue) error {
	return fmt.Errorf("expected %s, got %s", want, describe(v))
}

// describe names the type of a value in an error.
func describe(v lua.LValue) string {
	switch name := typeName(v); name {
	case "nil":
		return name
	case "event", "array", "aggregation":
		return "an " + name
	default:
		return "a " + name
	}
}

// clip shortens text that goes into an error.
func clip(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}

// goValue returns a Lua value that is no table as bool, string, int64 or uint64 where it is integral, or float64.
// ok is false for nil, functions and the like.
func goValue(v lua.LValue) (value any, ok bool) {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v), true
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		f := float64(v)
		if f == math.Trunc(f) && f >= -1<<63 && f < 1<<63 {
			return int64(f), true
		}
		return f, true
	case wide:
		i := integer(v)
		if i.neg || i.mag < 1<<63 {
			return int64(i.bits()), true
		}
		return i.mag, true
	}
	return nil, false
}

// field is one key of a table and what it holds.
type field struct {
	key, value lua.LValue
}

// fields returns all fields of t: the list in its order, then the rest sorted by key, so that nothing
// that is read from a table depends on the order of a hash.
func fields(t *lua.LTable) []field {
	var list, rest []field
	n := listLen(t)
	for i := 1; i <= n; i++ {
		list = append(list, field{lua.LNumber(i), element(t, i)})
	}
	t.ForEach(func(k, v lua.LValue) {
		if i, ok := k.(lua.LNumber); ok && i >= 1 && i <= lua.LNumber(n) && i == lua.LNumber(int(i)) {
			return
		}
		rest = append(rest, field{k, v})
	})
	slices.SortStableFunc(rest, func(a, b field) int { return strings.Compare(a.key.String(), b.key.String()) })
	return append(list, rest...)
}

// plural writes a count and a noun.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	if n == 0 {
		return "no " + noun
	}
	return fmt.Sprint(n, " ", noun)
}
