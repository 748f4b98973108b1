package luart

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openPatterns replaces the functions of string that take patterns.
func (s *Script) openPatterns(lib *lua.LTable) {
	for name, fn := range map[string]lua.LGFunction{
		"find":   func(L *lua.LState) int { return s.stringFind(L, "string.find") },
		"match":  func(L *lua.LState) int { return s.stringFind(L, "string.match") },
		"gmatch": s.stringGmatch,
		"gsub":   s.stringGsub,
	} {
		lib.RawSetString(name, s.state.NewFunction(fn))
	}
	lib.RawSetString("gfind", lib.RawGetString("gmatch")) // its name in Lua 5.0
}

func (s *Script) newMatcher(text, pattern string) *matcher {
	return &matcher{text: text, pattern: pattern, check: s.alarm.check}
}

// stringFind is string.find(s, pattern[, init[, plain]]) and string.match(s, pattern[, init]).
func (s *Script) stringFind(L *lua.LState, name string) int {
	text, pattern := L.CheckString(1), L.CheckString(2)
	init := L.OptInt(3, 1)
	switch {
	case init < 0:
		init = max(len(text)+init, 0)
	case init > 0:
		init--
	}
	init = min(init, len(text))
	find := name == "string.find"
	if find && (lua.LVAsBool(L.Get(4)) || !hasSpecials(pattern)) {
		at := strings.Index(text[init:], pattern)
		if at < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(init + at + 1))
		L.Push(lua.LNumber(init + at + len(pattern)))
		return 2
	}
	pattern, anchored := strings.CutPrefix(pattern, "^")
	m := s.newMatcher(text, pattern)
	for start := init; start <= len(text); start++ {
		end := m.search(L, name, start)
		if end >= 0 && find {
			L.Push(lua.LNumber(start + 1))
			L.Push(lua.LNumber(end))
			return 2 + m.push(L, name, len(m.captures))
		}
		if end >= 0 {
			return m.pushMatch(L, name, start, end)
		}
		if anchored {
			break
		}
	}
	L.Push(lua.LNil)
	return 1
}

// search is match, for the builtin name.
func (m *matcher) search(L *lua.LState, name string, start int) int {
	m.step()
	end, err := m.match(start)
	if err != nil {
		L.RaiseError("%s: %v", name, err)
	}
	return end
}

// value returns capture i.
func (m *matcher) value(L *lua.LState, name string, i int) lua.LValue {
	c := m.captures[i]
	switch c.length {
	case captureOpen:
		L.RaiseError("%s: %v", name, errUnfinished)
	case capturePosition:
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.text[c.start : c.start+c.length])
}

// push pushes the first n captures and returns n.
func (m *matcher) push(L *lua.LState, name string, n int) int {
	for i := range n {
		L.Push(m.value(L, name, i))
	}
	return n
}

// pushMatch pushes all captures or, where the pattern has none, the match.
func (m *matcher) pushMatch(L *lua.LState, name string, start, end int) int {
	if len(m.captures) == 0 {
		L.Push(lua.LString(m.text[start:end]))
		return 1
	}
	return m.push(L, name, len(m.captures))
}

// stringGmatch is string.gmatch(s, pattern).
func (s *Script) stringGmatch(L *lua.LState) int {
	const name = "string.gmatch"
	m := s.newMatcher(L.CheckString(1), L.CheckString(2))
	next := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		for start := next; start <= len(m.text); start++ {
			if end := m.search(L, name, start); end >= 0 {
				if next = end; end == start {
					next++ // the empty match is at its place once
				}
				return m.pushMatch(L, name, start, end)
			}
		}
		next = len(m.text) + 1
		L.Push(lua.LNil)
		return 1
	}))
	return 1
}

// stringGsub is string.gsub(s, pattern, repl[, n]).
func (s *Script) stringGsub(L *lua.LState) int {
	const name = "string.gsub"
	text, pattern := L.CheckString(1), L.CheckString(2)
	repl := L.Get(3)
	switch repl.Type() {
	case lua.LTString, lua.LTNumber, lua.LTFunction, lua.LTTable:
	default:
		L.RaiseError("%s: repl: %v", name, expected("a string, table or function", repl))
	}
	limit := L.OptInt(4, len(text)+1)
	pattern, anchored := strings.CutPrefix(pattern, "^")
	m := s.newMatcher(text, pattern)
	var out []byte
	room := 0 // of out
	n, at := 0, 0
	for n < limit {
		end := m.search(L, name, at)
		if end >= 0 {
			n++
			out = m.appendReplacement(out, L, repl, at, end)
			if len(out) > maxString {
				L.RaiseError("%s: the result would be larger than %d MB", name, maxString>>20)
			}
			if cap(out) > room {
				room = cap(out)
				s.guard.reserve(len(out)) // it is copied in the end
			}
		}
		switch {
		case end > at:
			at = end
		case at < len(text):
			out = append(out, text[at])
			at++
		default:
			at++
		}
		if at > len(text) || anchored {
			break
		}
	}
	if at < len(text) {
		out = append(out, text[at:]...)
	}
	L.Push(lua.LString(out))
	L.Push(lua.LNumber(n))
	return 2
}

// appendReplacement appends what repl has for the match of text[start:end].
func (m *matcher) appendReplacement(out []byte, L *lua.LState, repl lua.LValue, start, end int) []byte {
	const name = "string.gsub"
	whole := m.text[start:end]
	var v lua.LValue
	switch repl := repl.(type) {
	case *lua.LFunction:
		// The function may call string functions, but those have matchers of their own.
		L.Push(repl)
		L.Call(m.pushMatch(L, name, start, end), 1)
		v = L.Get(-1)
		L.Pop(1)
	case *lua.LTable:
		key := lua.LValue(lua.LString(whole))
		if len(m.captures) > 0 {
			key = m.value(L, name, 0)
		}
		v = L.GetTable(repl, key)
	default:
		out, err := m.expand(out, L, repl.String(), whole)
		if err != nil {
			L.RaiseError("%s: %v", name, err)
		}
		return out
	}
	switch {
	case !lua.LVAsBool(v):
		return append(out, whole...)
	case v.Type() == lua.LTString, v.Type() == lua.LTNumber:
		return append(out, v.String()...)
	}
	if w, ok := v.(wide); ok {
		return append(out, w.String()...)
	}
	L.RaiseError("%s: %v", name, expected("a string as the replacement", v))
	return nil
}

// expand appends a replacement with its %0 to %9 filled in.
func (m *matcher) expand(out []byte, L *lua.LState, repl, whole string) ([]byte, error) {
	for i := 0; i < len(repl); i++ {
		c := repl[i]
		if c != '%' {
			out = append(out, c)
			continue
		}
		if i++; i == len(repl) {
			return nil, fmt.Errorf("the replacement ends with '%%'; write %%%% for one")
		}
		switch c = repl[i]; {
		case !isDigit(c):
			out = append(out, c)
		case c == '0', c == '1' && len(m.captures) == 0:
			out = append(out, whole...)
		case int(c-'1') >= len(m.captures):
			return nil, fmt.Errorf("the replacement has %%%c, but the pattern has %s", c, plural(len(m.captures), "capture"))
		default:
			out = append(out, m.value(L, "string.gsub", int(c-'1')).String()...)
		}
	}
	return out, nil
}
