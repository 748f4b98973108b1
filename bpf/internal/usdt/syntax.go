package usdt

import (
	"math/bits"
	"strconv"
	"strings"
)

// parseATT reads what x86-64 has: "$-5", "%eax", "-16(%rbp)", "table+8(,%rcx,4)", "counter(%rip)", "%fs:-4"; and s390x: "5", "%r2",
// "160(%r15)", "8(%r1,%r2)". A number alone is a constant on s390x, and that x86-64 has none in memory at a fixed address is a safe bet.
func parseATT(text string) (operand, bool) {
	if literal, ok := strings.CutPrefix(text, "$"); ok {
		o, ok := parseSum(literal)
		o.constant = true
		return o, ok
	}
	if name, ok := strings.CutPrefix(text, "%"); ok {
		segment, _, ok := strings.Cut(text, ":")
		switch {
		case ok:
			return operand{memory: true, segment: segment}, true
		case !strings.Contains(name, "("):
			return operand{base: name}, isWord(name)
		}
	}
	sum, rest, ok := strings.Cut(text, "(")
	o, understood := parseSum(sum)
	if !understood && sum != "" {
		return o, false
	}
	if !ok {
		o.constant, o.memory = o.symbol == "", o.symbol != ""
		return o, sum != ""
	}
	inner, ok := strings.CutSuffix(rest, ")")
	if !ok {
		return o, false
	}
	o.memory = true
	parts := strings.Split(inner, ",")
	if len(parts) > 3 {
		return o, false
	}
	for i, part := range parts[:min(2, len(parts))] {
		name, ok := strings.CutPrefix(part, "%")
		switch {
		case part == "" && i == 0 && len(parts) > 1:
		case !ok || !isWord(name):
			return o, false
		case i == 0:
			o.base = name
		default:
			o.index = name
		}
	}
	if len(parts) == 3 {
		o.shift, ok = parseScale(parts[2])
	}
	return o, ok
}

// parseScale returns the power of two that is written there.
func parseScale(text string) (shift int, ok bool) {
	switch text {
	case "1", "2", "4", "8":
		return bits.TrailingZeros8(text[0] - '0'), true
	}
	return 0, false
}

// parseARM reads what arm64 and arm have: "5", "#5", "x2", "[sp]", "[sp,96]", "[x0,x1,lsl#3]".
func parseARM(text string) (operand, bool) {
	inner, ok := strings.CutPrefix(text, "[")
	if !ok {
		return parseWord(strings.TrimPrefix(text, "#"))
	}
	if inner, ok = strings.CutSuffix(inner, "]"); !ok {
		return operand{}, false
	}
	parts := strings.Split(inner, ",")
	o := operand{memory: true, base: parts[0]}
	if !isWord(o.base) || len(parts) > 3 {
		return o, false
	}
	if len(parts) == 1 {
		return o, true
	}
	second, ok := parseWord(strings.TrimPrefix(parts[1], "#"))
	if !ok {
		return o, false
	}
	o.displacement, o.index = second.displacement, second.base
	if len(parts) == 2 {
		return o, true
	}
	shift, ok := strings.CutPrefix(parts[2], "lsl")
	n, err := strconv.ParseUint(strings.TrimPrefix(shift, "#"), 10, 3)
	o.shift = int(n)
	return o, ok && err == nil && o.index != ""
}

// parseRISCV reads "5", "a1", "-88(s0)".
func parseRISCV(text string) (operand, bool) {
	number, rest, ok := strings.Cut(text, "(")
	if !ok {
		return parseWord(text)
	}
	o, understood := parseSum(number)
	base, closed := strings.CutSuffix(rest, ")")
	o.memory, o.base = true, base
	return o, (understood || number == "") && closed && isWord(base)
}

// parseWord reads a number or the name of a register. That which is always 0 is a constant.
func parseWord(text string) (operand, bool) {
	if n, ok := parseNumber(text); ok {
		return operand{constant: true, displacement: n}, true
	}
	switch text {
	case "xzr", "wzr", "zero":
		return operand{constant: true}, true
	}
	return operand{base: text}, isWord(text)
}

// parseSum reads a sum of numbers and at most one symbol: "-16", "table+8", "4+table".
func parseSum(text string) (o operand, ok bool) {
	for first := true; text != "" || first; first = false {
		end := len(text)
		if i := strings.IndexAny(text[min(1, len(text)):], "+-"); i >= 0 {
			end = i + 1
		}
		term := strings.TrimPrefix(text[:end], "+")
		text = text[end:]
		if n, ok := parseNumber(term); ok {
			o.displacement += n
			continue
		}
		if o.symbol != "" || !isSymbol(term) {
			return o, false
		}
		o.symbol = term
	}
	return o, true
}

// parseNumber takes numbers of 64 bits, signed or not.
func parseNumber(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return n, true
	}
	n, err := strconv.ParseUint(text, 0, 64)
	return int64(n), err == nil
}

// isWord reports whether text may be the name of a register.
func isWord(text string) bool {
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}

// isSymbol reports whether text may be the name of a variable, as assemblers have them.
func isSymbol(text string) bool {
	for i, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '.', c == '$':
		case i > 0 && (c >= '0' && c <= '9' || c == '@'):
		default:
			return false
		}
	}
	return text != ""
}
