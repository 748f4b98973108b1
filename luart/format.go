package luart

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// formatter fills in format strings as Lua 5.1's string.format does, whose conversions are those of C, with integers of up to 64 bits exact.
// A format is parsed once, for most come again and again.
type formatter struct {
	// conversions are further verbs, or others in place of s and q: each appends what it shows of a value, which is then cut and padded as %s is.
	conversions map[byte]func(dst []byte, L *lua.LState, v lua.LValue) ([]byte, error)
	parsed      map[string][]directive
	text        []byte // of the format that was filled in last
}

// maxParsed bounds the formats that are kept.
const maxParsed = 256

// The verbs of string.format.
const (
	integerVerbs = "diuoxXc"
	floatVerbs   = "eEfgG"
	textVerbs    = "sq"
)

// call is a function of Lua such as string.format(format, ...), which name is in errors. It returns the text, which is
// valid until the next call.
func (f *formatter) call(L *lua.LState, name string) []byte {
	text, err := f.append(f.text[:0], L, L.CheckString(1), 2)
	if err != nil {
		L.RaiseError("%s: %v", name, err)
	}
	if cap(text) <= maxKeptText {
		f.text = text
	}
	return text
}

// maxKeptText bounds the buffer that is kept for the next text.
const maxKeptText = 64 << 10

// stringFormat is string.format.
func (f *formatter) stringFormat(L *lua.LState) int {
	L.Push(lua.LString(f.call(L, "string.format")))
	return 1
}

// append appends format with its conversions applied to the arguments of the running function, from the one numbered arg on.
func (f *formatter) append(dst []byte, L *lua.LState, format string, arg int) ([]byte, error) {
	directives, known := f.parsed[format]
	if !known {
		var err error
		if directives, err = f.parse(format); err != nil {
			return nil, err
		}
		if f.parsed == nil || len(f.parsed) == maxParsed {
			f.parsed = make(map[string][]directive)
		}
		f.parsed[format] = directives
	}
	for i := range directives {
		d := &directives[i]
		dst = append(dst, d.literal...)
		if d.verb == 0 {
			continue
		}
		if arg > L.GetTop() {
			return nil, fmt.Errorf("no argument for %s", d)
		}
		var err error
		if dst, err = f.convert(dst, d, L, L.Get(arg)); err != nil {
			return nil, fmt.Errorf("argument %d: %w", arg, err)
		}
		if len(dst) > maxString {
			return nil, fmt.Errorf("the result would be larger than %d MB", maxString>>20)
		}
		arg++
	}
	return dst, nil
}

// parse splits a format into its directives.
func (f *formatter) parse(format string) ([]directive, error) {
	var list []directive
	literal := ""
	for {
		text, rest, found := strings.Cut(format, "%")
		literal += text
		if !found {
			return append(list, directive{literal: literal}), nil
		}
		if strings.HasPrefix(rest, "%") {
			literal, format = literal+"%", rest[1:]
			continue
		}
		d, rest, err := f.parseDirective(rest)
		if err != nil {
			return nil, err
		}
		d.literal = literal
		list = append(list, d)
		literal, format = "", rest
	}
}

// parseDirective reads what follows a percent sign. Width and precision have at most two digits, as in Lua.
func (f *formatter) parseDirective(s string) (d directive, rest string, err error) {
	start := s
	take := func(set string, most int) string {
		n := 0
		for n < len(s) && n < most && strings.IndexByte(set, s[n]) >= 0 {
			n++
		}
		taken := s[:n]
		s = s[n:]
		return taken
	}
	const digits = "0123456789"
	d.flags = take("-+ #0", 5)
	d.width = number2(take(digits, 2))
	d.precision = -1
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		d.precision = number2(take(digits, 2))
	}
	if s == "" || f.conversions[s[0]] == nil && !strings.Contains(integerVerbs+floatVerbs+textVerbs, s[:1]) {
		return d, "", fmt.Errorf("invalid conversion %%%s", start[:min(len(start), len(start)-len(s)+1)])
	}
	d.verb, d.spec = s[0], start[:len(start)-len(s)+1]
	return d, s[1:], nil
}

// number2 reads up to two digits; none are 0.
func number2(digits string) (n int) {
	for _, c := range []byte(digits) {
		n = 10*n + int(c-'0')
	}
	return n
}

// convert appends v as d says.
func (f *formatter) convert(dst []byte, d *directive, L *lua.LState, v lua.LValue) ([]byte, error) {
	if own := f.conversions[d.verb]; own != nil {
		start := len(dst)
		dst, err := own(dst, L, v)
		if err != nil {
			return nil, err
		}
		return d.fit(dst, start, true), nil
	}
	switch d.verb {
	case 's':
		start := len(dst)
		if text, ok := v.(lua.LString); ok {
			dst = append(dst, text...)
		} else {
			dst = append(dst, L.ToStringMeta(v).String()...)
		}
		return d.fit(dst, start, true), nil
	case 'q':
		s, ok := v.(lua.LString)
		if !ok {
			return nil, expected("a string", v)
		}
		return appendQuoted(dst, string(s)), nil
	}
	n, ok := operand(v)
	if !ok {
		return nil, expected("a number", v)
	}
	if strings.IndexByte(floatVerbs, d.verb) >= 0 {
		return d.appendFloat(dst, floatOf(n)), nil
	}
	i, err := truncated(n)
	if err != nil {
		return nil, err
	}
	return d.appendInteger(dst, i), nil
}

// truncated returns a number as an integer. C converts a fraction towards zero, and so does Lua.
func truncated(n lua.LValue) (integer, error) {
	if i, ok := integerOf(n); ok {
		return i, nil
	}
	i, ok := integerOfFloat(math.Trunc(floatOf(n)))
	if !ok {
		return integer{}, fmt.Errorf("%v is no integer of 64 bits", n)
	}
	return i, nil
}

// appendQuoted appends s as a Lua string literal, as %q does, or the beginning of it where that is too large.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s) && len(dst) <= maxString; i++ {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			dst = append(dst, '\\', c)
		case '\r':
			dst = append(dst, `\r`...)
		case 0:
			dst = append(dst, `\000`...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
