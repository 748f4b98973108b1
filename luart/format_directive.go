package luart

import (
	"math"
	"strconv"
	"strings"
)

// directive is one conversion of a format string, such as %-08.3f, and the text before it.
type directive struct {
	literal   string
	verb      byte // 0: there is only the text
	spec      string
	flags     string
	width     int
	precision int // -1: absent
}

func (d *directive) String() string { return "%" + d.spec }

func (d *directive) has(flag byte) bool { return strings.IndexByte(d.flags, flag) >= 0 }

// fit cuts what was appended to dst since start to the precision, if cut is set, and pads it with spaces to the width. Both count bytes.
func (d *directive) fit(dst []byte, start int, cut bool) []byte {
	if cut && d.precision >= 0 && len(dst)-start > d.precision {
		dst = dst[:start+d.precision]
	}
	missing := d.width - (len(dst) - start)
	if missing <= 0 {
		return dst
	}
	dst = append(dst, spaces[:missing]...)
	if !d.has('-') {
		copy(dst[start+missing:], dst[start:])
		copy(dst[start:], spaces[:missing])
	}
	return dst
}

// spaces and zeros are as many as a directive can ask for.
const (
	spaces = "                                                                                                    "
	zeros  = "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
)

// sign appends the sign of a number.
func (d *directive) sign(dst []byte, negative bool) []byte {
	switch {
	case negative:
		return append(dst, '-')
	case d.has('+'):
		return append(dst, '+')
	case d.has(' '):
		return append(dst, ' ')
	}
	return dst
}

// appendInteger appends i as C's printf does.
func (d *directive) appendInteger(dst []byte, i integer) []byte {
	start, base := len(dst), 10
	switch d.verb {
	case 'c':
		return d.fit(append(dst, byte(i.bits())), start, false)
	case 'u':
		i = integer{mag: i.bits()}
	case 'o':
		i, base = integer{mag: i.bits()}, 8
	case 'x', 'X':
		i, base = integer{mag: i.bits()}, 16
	default:
		dst = d.sign(dst, i.neg)
	}
	var buf [24]byte
	digits := strconv.AppendUint(buf[:0], i.mag, base)
	if i.mag == 0 && d.precision == 0 {
		digits = digits[:0]
	}
	least := max(d.precision, 0)
	if d.has('#') {
		switch {
		case base == 8 && (len(digits) == 0 || digits[0] != '0'):
			least = max(least, len(digits)+1)
		case base == 16 && i.mag != 0:
			dst = append(dst, '0', 'x')
		}
	}
	if d.has('0') && !d.has('-') && d.precision < 0 {
		least = max(least, d.width-(len(dst)-start))
	}
	if missing := least - len(digits); missing > 0 {
		dst = append(dst, zeros[:missing]...)
	}
	dst = append(dst, digits...)
	if d.verb == 'X' {
		upper(dst[start:])
	}
	return d.fit(dst, start, false)
}

// appendFloat appends f as C's printf does.
func (d *directive) appendFloat(dst []byte, f float64) []byte {
	start := len(dst)
	dst = d.sign(dst, math.Signbit(f) && !math.IsNaN(f)) // which sign 0/0 has depends on the processor
	signed := len(dst)
	f = math.Abs(f)
	switch {
	case math.IsNaN(f):
		dst = append(dst, "nan"...)
	case math.IsInf(f, 0):
		dst = append(dst, "inf"...)
	default:
		dst = d.appendDigits(dst, f)
		if d.has('0') && !d.has('-') {
			if missing := d.width - (len(dst) - start); missing > 0 {
				dst = append(dst, zeros[:missing]...)
				copy(dst[signed+missing:], dst[signed:])
				copy(dst[signed:], zeros[:missing])
			}
		}
	}
	if d.verb == 'E' || d.verb == 'G' {
		upper(dst[start:])
	}
	return d.fit(dst, start, false)
}

// appendDigits appends f, which has no sign, in lower case.
func (d *directive) appendDigits(dst []byte, f float64) []byte {
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	start := len(dst)
	switch d.verb {
	case 'f':
		dst = strconv.AppendFloat(dst, f, 'f', precision, 64)
	case 'e', 'E':
		dst = strconv.AppendFloat(dst, f, 'e', precision, 64)
	default:
		return d.appendShorter(dst, f, max(precision, 1))
	}
	if d.has('#') {
		return withPoint(dst, start)
	}
	return dst
}

// appendShorter is %g: that form of the number, with this many digits, which the exponent calls for, without zeros at its end.
func (d *directive) appendShorter(dst []byte, f float64, digits int) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', digits-1, 64)
	e := start + strings.LastIndexByte(string(dst[start:]), 'e')
	exponent, _ := strconv.Atoi(string(dst[e+1:])) // AppendFloat has written it
	if exponent >= -4 && exponent < digits {
		dst = strconv.AppendFloat(dst[:start], f, 'f', digits-1-exponent, 64)
		e = len(dst)
	}
	if d.has('#') {
		return withPoint(dst, start)
	}
	end := e
	if strings.IndexByte(string(dst[start:e]), '.') >= 0 {
		for dst[end-1] == '0' {
			end--
		}
		if dst[end-1] == '.' {
			end--
		}
	}
	return append(dst[:end], dst[e:]...)
}

// withPoint puts a point behind the digits of the number that begins at start, if it has none.
func withPoint(dst []byte, start int) []byte {
	if strings.IndexByte(string(dst[start:]), '.') >= 0 {
		return dst
	}
	if e := strings.IndexByte(string(dst[start:]), 'e'); e >= 0 {
		exponent := string(dst[start+e:])
		return append(append(dst[:start+e], '.'), exponent...)
	}
	return append(dst, '.')
}

// upper makes letters capital ones.
func upper(b []byte) {
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
}
