package luart

import (
	"bytes"
	"errors"
	"fmt"
)

// Lua's patterns, as the Lua 5.1 Reference Manual says in section 5.4.1. A pattern can make a matcher try exponentially many ways, which
// nothing could end in the interpreter's own.

// Bounds of the matcher.
const (
	maxCaptures = 32 // LUA_MAXCAPTURES in lua.org's luaconf.h
	// maxMatchDepth bounds the parts of a pattern that are open at once, and so the use of Go's stack.
	maxMatchDepth = 10_000
	stepsPerCheck = 1 << 12
)

// matcher matches a pattern against a text.
type matcher struct {
	text, pattern string
	captures      []capture
	check         func() // called now and then; does not return if the match is not wanted any more
	steps, depth  int
}

// capture is the part of the text that a parenthesis matched.
type capture struct {
	start, length int
}

// What length says where it is no length.
const (
	captureOpen     = -1
	capturePosition = -2 // (): where it is in the text is all that counts
)

// patternError is what is wrong in a pattern. It is raised as a panic, for matching is recursive.
type patternError struct{ error }

func fail(format string, args ...any) {
	panic(patternError{fmt.Errorf(format, args...)})
}

// match returns the end of the match of the whole pattern at start, or -1.
func (m *matcher) match(start int) (end int, err error) {
	defer func() {
		if r := recover(); r != nil {
			wrong, ok := r.(patternError)
			if !ok {
				panic(r)
			}
			err = wrong.error
		}
	}()
	m.captures, m.depth = m.captures[:0], 0
	return m.at(start, 0), nil
}

// at returns the end of the match of the pattern from p on at s, or -1.
func (m *matcher) at(s, p int) int {
	if m.depth++; m.depth > maxMatchDepth {
		fail("the pattern is too complex")
	}
	defer func() { m.depth-- }()
	for p < len(m.pattern) {
		switch c := m.pattern[p]; {
		case c == '(':
			return m.open(s, p+1)
		case c == ')':
			return m.close(s, p+1)
		case c == '$' && p+1 == len(m.pattern):
			if s == len(m.text) {
				return s
			}
			return -1
		case c == '%' && p+1 < len(m.pattern) && m.pattern[p+1] == 'b':
			if s = m.balanced(s, p+2); s < 0 {
				return -1
			}
			p += 4
			continue
		case c == '%' && p+1 < len(m.pattern) && m.pattern[p+1] == 'f':
			end := m.classEnd(p + 2)
			if m.pattern[p+2] != '[' {
				fail("missing '[' after '%%f' in pattern")
			}
			if m.inSet(m.byteAt(s-1), p+2, end-1) || !m.inSet(m.byteAt(s), p+2, end-1) {
				return -1
			}
			p = end
			continue
		case c == '%' && p+1 < len(m.pattern) && isDigit(m.pattern[p+1]):
			if s = m.backReference(s, m.pattern[p+1]); s < 0 {
				return -1
			}
			p += 2
			continue
		}
		end := m.classEnd(p)
		suffix := byte(0)
		if end < len(m.pattern) {
			suffix = m.pattern[end]
		}
		switch suffix {
		case '?':
			if m.single(s, p, end) {
				if e := m.at(s+1, end+1); e >= 0 {
					return e
				}
			}
			p = end + 1
		case '*':
			return m.most(s, p, end, 0)
		case '+':
			return m.most(s, p, end, 1)
		case '-':
			return m.least(s, p, end)
		default:
			if !m.single(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
	return s
}

// step counts the work.
func (m *matcher) step() {
	if m.steps++; m.steps%stepsPerCheck == 0 && m.check != nil {
		m.check()
	}
}

// most matches as many as possible of the class at p, no less than least, and then the rest.
func (m *matcher) most(s, p, end, least int) int {
	n := 0
	for m.single(s+n, p, end) {
		n++
	}
	for ; n >= least; n-- {
		m.step()
		if e := m.at(s+n, end+1); e >= 0 {
			return e
		}
	}
	return -1
}

// least matches as few as possible of the class at p, and then the rest.
func (m *matcher) least(s, p, end int) int {
	for {
		if e := m.at(s, end+1); e >= 0 {
			return e
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
}

// open begins a capture.
func (m *matcher) open(s, p int) int {
	length := captureOpen
	if p < len(m.pattern) && m.pattern[p] == ')' {
		length = capturePosition
		p++
	}
	if len(m.captures) == maxCaptures {
		fail("the pattern has more than %d captures", maxCaptures)
	}
	m.captures = append(m.captures, capture{s, length})
	e := m.at(s, p)
	if e < 0 {
		m.captures = m.captures[:len(m.captures)-1]
	}
	return e
}

// close ends the innermost capture.
func (m *matcher) close(s, p int) int {
	for i := len(m.captures) - 1; i >= 0; i-- {
		if m.captures[i].length == captureOpen {
			m.captures[i].length = s - m.captures[i].start
			e := m.at(s, p)
			if e < 0 {
				m.captures[i].length = captureOpen
			}
			return e
		}
	}
	fail("invalid pattern capture")
	return -1
}

// balanced matches %bxy, whose x and y are at p.
func (m *matcher) balanced(s, p int) int {
	if p+1 >= len(m.pattern) {
		fail("unbalanced pattern")
	}
	opening, closing := m.pattern[p], m.pattern[p+1]
	if s >= len(m.text) || m.text[s] != opening {
		return -1
	}
	for depth, i := 1, s+1; i < len(m.text); i++ {
		m.step()
		switch m.text[i] {
		case closing: // also where both are the same
			if depth--; depth == 0 {
				return i + 1
			}
		case opening:
			depth++
		}
	}
	return -1
}

// backReference matches the text of a capture again.
func (m *matcher) backReference(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= len(m.captures) || m.captures[i].length == captureOpen {
		fail("invalid capture index")
	}
	c := m.captures[i]
	length := max(c.length, 0)
	if len(m.text)-s >= length && m.text[s:s+length] == m.text[c.start:c.start+length] {
		return s + length
	}
	return -1
}

// classEnd returns where the single character class at p ends.
func (m *matcher) classEnd(p int) int {
	if p >= len(m.pattern) {
		fail("missing '[' after '%%f' in pattern")
	}
	c := m.pattern[p]
	p++
	switch c {
	case '%':
		if p == len(m.pattern) {
			fail("malformed pattern (ends with '%%')")
		}
		return p + 1
	case '[':
		if p < len(m.pattern) && m.pattern[p] == '^' {
			p++
		}
		for first := true; ; first = false { // a ] that is first stands for itself
			if p == len(m.pattern) {
				fail("malformed pattern (missing ']')")
			}
			c := m.pattern[p]
			p++
			switch {
			case c == '%' && p < len(m.pattern):
				p++
			case c == ']' && !first:
				return p
			}
		}
	}
	return p
}

// byteAt returns the byte at s, NUL outside of the text.
func (m *matcher) byteAt(s int) byte {
	if s < 0 || s >= len(m.text) {
		return 0
	}
	return m.text[s]
}

// single reports whether the character at s is of the class from p to end.
func (m *matcher) single(s, p, end int) bool {
	m.step()
	if s >= len(m.text) {
		return false
	}
	c := m.text[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pattern[p] == c
}

// inSet reports whether c is in the set whose [ is at p and ] at last.
func (m *matcher) inSet(c byte, p, last int) bool {
	p++
	in := true
	if m.pattern[p] == '^' {
		in = false
		p++
	}
	for ; p < last; p++ {
		switch {
		case m.pattern[p] == '%':
			p++
			if inClass(c, m.pattern[p]) {
				return in
			}
		case p+2 < last && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return in
			}
			p += 2
		case m.pattern[p] == c:
			return in
		}
	}
	return !in
}

// inClass reports whether c is in the class that %class stands for; of no class it is the character itself.
func inClass(c, class byte) bool {
	var in bool
	switch class | 0x20 {
	case 'a':
		in = isLetter(c)
	case 'c':
		in = c < ' ' || c == 0x7f
	case 'd':
		in = isDigit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > ' ' && c < 0x7f && !isLetter(c) && !isDigit(c)
	case 's':
		in = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = isLetter(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if class >= 'A' && class <= 'Z' {
		return !in
	}
	return in && class >= 'a' && class <= 'z' || !in && class < 'A'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// hasSpecials reports whether a pattern is more than plain text.
func hasSpecials(pattern string) bool { return bytes.ContainsAny([]byte(pattern), "^$*+?.([%-") }

var errUnfinished = errors.New("unfinished capture")
