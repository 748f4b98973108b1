package luart

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one conversion of a format string, such as %-08.3f.
type directive struct {
	flags     string
	width     string
	precision string // with its dot; "" when absent
	verb      byte
}

// The conversions of Lua 5.1's string.format, which are those of C.
const (
	integerVerbs = "diuoxXc"
	floatVerbs   = "eEfgG"
	textVerbs    = "sq"
)

// stringFormat is string.format. Unlike the interpreter's own it follows C where Go's fmt differs,
// and prints integers of up to 64 bits exactly.
func stringFormat(L *lua.LState) int {
	text, err := appendFormat(nil, L, L.CheckString(1), 2)
	if err != nil {
		L.RaiseError("string.format: %v", err)
	}
	L.Push(lua.LString(text))
	return 1
}

// appendFormat appends format with its conversions applied to the arguments of the running function, from the
// one numbered arg on.
func appendFormat(dst []byte, L *lua.LState, format string, arg int) ([]byte, error) {
	for {
		literal, rest, found := strings.Cut(format, "%")
		dst = append(dst, literal...)
		if !found {
			return dst, nil
		}
		if strings.HasPrefix(rest, "%") {
			dst, format = append(dst, '%'), rest[1:]
			continue
		}
		d, rest, err := parseDirective(rest)
		if err != nil {
			return nil, err
		}
		if arg > L.GetTop() {
			return nil, fmt.Errorf("no argument for %s", d)
		}
		if dst, err = d.append(dst, L, L.Get(arg)); err != nil {
			return nil, fmt.Errorf("argument %d: %w", arg, err)
		}
		arg++
		format = rest
	}
}

// parseDirective reads what follows a percent sign. Width and precision have at most two digits, as in Lua.
func parseDirective(s string) (d directive, rest string, err error) {
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
	d.width = take(digits, 2)
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		d.precision = "." + take(digits, 2)
	}
	if s == "" || !strings.Contains(integerVerbs+floatVerbs+textVerbs, s[:1]) {
		return d, "", fmt.Errorf("invalid conversion %%%s", start[:min(len(start), len(start)-len(s)+1)])
	}
	d.verb = s[0]
	return d, s[1:], nil
}

func (d directive) String() string { return "%" + d.flags + d.width + d.precision + string(d.verb) }

// append appends v as d says.
func (d directive) append(dst []byte, L *lua.LState, v lua.LValue) ([]byte, error) {
	switch {
	case d.verb == 's':
		text := L.ToStringMeta(v).String()
		if d.flags == "" && d.width == "" && d.precision == "" {
			return append(dst, text...), nil
		}
		return d.pad(dst, d.truncate(text)), nil
	case d.verb == 'q':
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
	i, ok := integerOf(n)
	if !ok {
		// C converts a fraction towards zero, and so does Lua.
		if i, ok = integerOfFloat(math.Trunc(floatOf(n))); !ok {
			return nil, fmt.Errorf("%v is no integer of 64 bits", v)
		}
	}
	return d.appendInteger(dst, i), nil
}

// truncate shortens s to the precision, which counts bytes.
func (d directive) truncate(s string) string {
	if d.precision == "" {
		return s
	}
	n, _ := strconv.Atoi(d.precision[1:]) // no digits are 0
	return s[:min(n, len(s))]
}

// pad appends s, filled up with spaces to the width, which counts bytes.
func (d directive) pad(dst []byte, s string) []byte {
	width, _ := strconv.Atoi(d.width) // no digits are 0
	fill := max(0, width-len(s))
	if strings.Contains(d.flags, "-") {
		dst = append(dst, s...)
		return append(dst, strings.Repeat(" ", fill)...)
	}
	dst = append(dst, strings.Repeat(" ", fill)...)
	return append(dst, s...)
}

func (d directive) appendFloat(dst []byte, f float64) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		text := strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")
		return d.pad(dst, text) // without zeros, as C does it
	}
	if d.precision == "" {
		d.precision = ".6" // Go's %g would print as many digits as it takes
	}
	return fmt.Appendf(dst, d.String(), f)
}

func (d directive) appendInteger(dst []byte, i integer) []byte {
	switch d.verb {
	case 'c':
		return d.pad(dst, string([]byte{byte(i.bits())}))
	case 'o', 'x', 'X':
		return fmt.Appendf(dst, d.String(), i.bits())
	case 'u':
		i = integer{mag: i.bits()}
	}
	if d.flags == "" && d.width == "" && d.precision == "" {
		return append(dst, i.String()...)
	}
	// Go's fmt has no type for the whole range, so the sign is a flag of its own for what exceeds int64.
	d.verb = 'd'
	if i.neg {
		return fmt.Appendf(dst, d.String(), int64(i.bits()))
	}
	return fmt.Appendf(dst, d.String(), i.mag)
}

// appendQuoted appends s as a Lua string literal, as %q does.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
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
