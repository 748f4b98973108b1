package decode

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

const (
	hexDigits = "0123456789abcdef"
	quote     = '"'
)

// class says where a byte cannot stand as it is without a further look. The zero class can everywhere.
type class uint8

const (
	special  class = 1 << iota // in JSON and in text
	textOnly                   // in text: DEL, which JSON has nothing against
)

var classes = func() (c [256]class) {
	for b := range c {
		switch {
		case b < ' ', b == quote, b == '\\', b >= utf8.RuneSelf:
			c[b] = special
		case b == 0x7f:
			c[b] = textOnly
		}
	}
	return c
}()

// AppendJSONString appends b as a JSON string. What is no UTF-8 becomes U+FFFD, a byte at a time.
func AppendJSONString(dst, b []byte) []byte {
	dst = append(dst, quote)
	done := 0 // b[:done] is appended
	for i := 0; i < len(b); {
		c := b[i]
		if classes[c]&special == 0 {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, b[done:i]...)
				dst = append(dst, "\ufffd"...)
				done = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, b[done:i]...)
		switch c {
		case quote, '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		done = i
	}
	dst = append(dst, b[done:]...)
	return append(dst, quote)
}

// appendQuoted appends b in double quotes, escaped as Go and C do.
func appendQuoted(dst, b []byte) []byte {
	dst = append(dst, quote)
	dst = appendEscaped(dst, b, true)
	return append(dst, quote)
}

// AppendPlain appends b as a terminal can show it on one line: without quotes, and
// with \n, \x1b and the like for what cannot be printed.
func AppendPlain(dst, b []byte) []byte { return appendEscaped(dst, b, false) }

func appendEscaped(dst, b []byte, quoted bool) []byte {
	done := 0 // b[:done] is appended
	for i := 0; i < len(b); {
		c := b[i]
		if classes[c] == 0 || !quoted && (c == quote || c == '\\') {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRune(b[i:]); unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
				i += n
				continue
			}
			if n > 1 {
				dst = append(dst, b[done:i]...)
				dst = appendRuneEscape(dst, r)
				i += n
				done = i
				continue
			}
		}
		dst = append(dst, b[done:i]...)
		dst = appendByteEscape(dst, c)
		i++
		done = i
	}
	return append(dst, b[done:]...)
}

func appendByteEscape(dst []byte, c byte) []byte {
	switch c {
	case quote, '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

// appendRuneEscape appends \u or \U for a rune that is no ASCII.
func appendRuneEscape(dst []byte, r rune) []byte {
	digits := 4
	dst = append(dst, '\\')
	if r > 0xffff {
		digits = 8
		dst = append(dst, 'U')
	} else {
		dst = append(dst, 'u')
	}
	for s := 4 * (digits - 1); s >= 0; s -= 4 {
		dst = append(dst, hexDigits[r>>s&15])
	}
	return dst
}

// appendHex appends the bytes of b as hex digits, in the order of memory.
func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// appendAddress appends 0x and v in hex.
func appendAddress(dst []byte, v uint64) []byte {
	return strconv.AppendUint(append(dst, "0x"...), v, 16)
}
