package luart

import (
	"cmp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// osPrint is os.print: the arguments without separators, and a newline. Tables and events are shown with what
// is in them.
func (s *Script) osPrint(L *lua.LState) int {
	var line []byte
	for i := 1; i <= L.GetTop(); i++ {
		line = s.appendValue(line, L, L.Get(i))
	}
	s.write(L, append(line, '\n'))
	return 0
}

// appendValue appends v as os.print shows it.
func (s *Script) appendValue(dst []byte, L *lua.LState, v lua.LValue) []byte {
	r := renderer{L: L, check: s.alarm.check, text: dst}
	if text, ok := v.(lua.LString); ok {
		return append(dst, text...)
	}
	r.value(v)
	return r.text
}

// renderer writes values as {1, 2, name="x"}: the list in its order, then the other keys sorted.
type renderer struct {
	L     *lua.LState
	check func() // called for each table; does not return when the text is not wanted any more
	text  []byte
	in    []lua.LValue // tables that are being written, the outermost first
}

func (r *renderer) value(v lua.LValue) {
	switch v := v.(type) {
	case *lua.LTable:
		if r.L.GetMetaField(v, "__tostring") == lua.LNil {
			r.table(v)
			return
		}
	case *mapping:
		if r.enter(v) {
			for i, k := range mapKeys(v) {
				r.pair(i == 0, k, v.get(k))
			}
			r.leave()
		}
		return
	case lua.LString:
		r.text = appendQuoted(r.text, string(v))
		return
	}
	r.text = append(r.text, r.L.ToStringMeta(v).String()...)
}

// maxPrintDepth bounds the nesting that is written, so that no table overflows Go's stack.
const maxPrintDepth = 100

// maxPrint bounds the bytes that are written of tables: those that hold each other could be shown in exponentially many ways.
const maxPrint = 16 << 20

func (r *renderer) table(t *lua.LTable) {
	if !r.enter(t) {
		return
	}
	n := 0 // elements before the first gap
	for v := element(t, 1); v != lua.LNil; v = element(t, n+1) {
		n++
		r.separate(n == 1)
		r.value(v)
	}
	for i, k := range otherKeys(t, n) {
		r.pair(n == 0 && i == 0, k, t.RawGet(k))
	}
	r.leave()
}

// enter begins a table, unless it is inside of itself or too deep.
func (r *renderer) enter(t lua.LValue) bool {
	r.check()
	if len(r.text) > maxPrint {
		r.L.RaiseError("the text of the table would be larger than %d MB", maxPrint>>20)
	}
	if slices.Contains(r.in, t) || len(r.in) == maxPrintDepth {
		r.text = append(r.text, "{...}"...)
		return false
	}
	r.in = append(r.in, t)
	r.text = append(r.text, '{')
	return true
}

func (r *renderer) leave() {
	r.text = append(r.text, '}')
	r.in = r.in[:len(r.in)-1]
}

func (r *renderer) separate(first bool) {
	if !first {
		r.text = append(r.text, ", "...)
	}
}

func (r *renderer) pair(first bool, k, v lua.LValue) {
	r.separate(first)
	r.key(k)
	r.text = append(r.text, '=')
	r.value(v)
}

func (r *renderer) key(k lua.LValue) {
	if s, ok := k.(lua.LString); ok && isName(string(s)) {
		r.text = append(r.text, s...)
		return
	}
	r.text = append(r.text, '[')
	r.value(k)
	r.text = append(r.text, ']')
}

// isName reports whether s can be written as a key without quotes.
func isName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// otherKeys returns the keys of t that are not in its list of n elements: numbers by size, then all else by text.
func otherKeys(t *lua.LTable, n int) []lua.LValue {
	var keys []lua.LValue
	t.ForEach(func(k, _ lua.LValue) {
		if i, ok := k.(lua.LNumber); ok && i >= 1 && int(i) <= n && i == lua.LNumber(int(i)) {
			return
		}
		keys = append(keys, k)
	})
	return sortKeys(keys)
}

// mapKeys returns the keys of m as otherKeys orders them.
func mapKeys(m *mapping) []lua.LValue {
	var keys []lua.LValue
	m.each(func(k, _ lua.LValue) bool { keys = append(keys, k); return true })
	return sortKeys(keys)
}

func sortKeys(keys []lua.LValue) []lua.LValue {
	slices.SortFunc(keys, func(a, b lua.LValue) int {
		x, xok := number(a)
		y, yok := number(b)
		switch {
		case xok && yok:
			return compareNumbers(x, y)
		case xok:
			return -1
		case yok:
			return 1
		}
		return cmp.Or(cmp.Compare(a.Type(), b.Type()), cmp.Compare(a.String(), b.String()))
	})
	return keys
}
