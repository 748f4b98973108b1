package luart

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// exactLimit is the largest magnitude below which every integer is a float64 of its own, and so a Lua number.
const exactLimit = 1 << 53

// integer is an integer in [-2^63, 2^64): every value that 64 bits can mean, signed or unsigned.
// Zero is never negative, so that == compares the numbers.
type integer struct {
	neg bool
	mag uint64
}

// wide is how Lua holds an integer that its numbers cannot hold exactly: one
// above 2^53 in magnitude. As a Go value it compares by content, which makes
// Lua's == and table keys exact.
type wide integer

// Type returns LTUserData: Lua has no better name for it, and the
// interpreter takes the metatable of all such values from one place (see openValues).
func (wide) Type() lua.LValueType { return lua.LTUserData }

// String returns the decimal digits.
func (w wide) String() string { return integer(w).String() }

func (i integer) String() string {
	if i.neg {
		return "-" + strconv.FormatUint(i.mag, 10)
	}
	return strconv.FormatUint(i.mag, 10)
}

// unsignedValue returns u as Lua sees it: a number if that is exact, else a wide.
func unsignedValue(u uint64) lua.LValue { return integer{mag: u}.value() }

// signedValue returns i as Lua sees it.
func signedValue(i int64) lua.LValue { return integerFromSigned(i).value() }

func integerFromSigned(i int64) integer {
	if i < 0 {
		return integer{neg: true, mag: -uint64(i)}
	}
	return integer{mag: uint64(i)}
}

// value returns i as Lua sees it.
func (i integer) value() lua.LValue {
	if i.mag > exactLimit {
		return wide(i)
	}
	return lua.LNumber(i.float())
}

// float returns the float64 nearest to i.
func (i integer) float() float64 {
	if i.neg {
		return -float64(i.mag)
	}
	return float64(i.mag)
}

// bits returns the two's complement of i.
func (i integer) bits() uint64 {
	if i.neg {
		return -i.mag
	}
	return i.mag
}

// integerOf returns v as an integer if it is one: a wide, or a number that is integral and in range.
func integerOf(v lua.LValue) (integer, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return integerOfFloat(float64(v))
	case wide:
		return integer(v), true
	}
	return integer{}, false
}

func integerOfFloat(f float64) (integer, bool) {
	if f != math.Trunc(f) || f < -(1<<63) || f >= 1<<64 {
		return integer{}, false // NaN and the infinities end here too
	}
	if f < 0 {
		return integer{neg: true, mag: uint64(-f)}, true
	}
	return integer{mag: uint64(f)}, true
}

// parseNumber reads text as Lua's arithmetic does, but keeps integers of up to 64 bits exact.
func parseNumber(text string) (lua.LValue, bool) {
	text = strings.TrimSpace(text)
	digits, neg := strings.CutPrefix(text, "-")
	base := 10
	if len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X") {
		base, digits = 16, digits[2:]
	}
	if mag, err := strconv.ParseUint(digits, base, 64); err == nil && (!neg || mag <= 1<<63) {
		return integer{neg: neg && mag != 0, mag: mag}.value(), true
	}
	if strings.ContainsAny(text, "nNpP_") {
		return nil, false // inf, nan, 0x1p2 and 1_0 are Go's, not Lua's
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, false
	}
	if i, ok := integerOfFloat(f); ok {
		return i.value(), true // 1e19 is an integer as good as another
	}
	return lua.LNumber(f), true
}

// inRange reports whether 64 bits can mean the integer with magnitude hi:lo and the given sign.
func inRange(neg bool, hi, lo uint64) bool { return hi == 0 && (!neg || lo <= 1<<63) }

// wrap returns the integer with magnitude hi:lo and the given sign if 64 bits can mean it.
// Otherwise it is reduced modulo 2^64: into the signed range if signed, else into the unsigned one.
func wrap(neg bool, hi, lo uint64, signed bool) integer {
	if inRange(neg, hi, lo) {
		return integer{neg: neg && lo != 0, mag: lo}
	}
	if neg {
		lo = -lo
	}
	if signed {
		return integerFromSigned(int64(lo))
	}
	return integer{mag: lo}
}

// negate returns -i; where that is below -2^63 it wraps into the signed range.
func (i integer) negate() integer { return wrap(!i.neg, 0, i.mag, true) }

// sum returns sign and magnitude of i+j.
func (i integer) sum(j integer) (neg bool, hi, lo uint64) {
	switch {
	case i.neg == j.neg:
		lo, hi := bits.Add64(i.mag, j.mag, 0)
		return i.neg, hi, lo
	case i.mag >= j.mag:
		return i.neg, 0, i.mag - j.mag
	default:
		return j.neg, 0, j.mag - i.mag
	}
}

// difference returns sign and magnitude of i-j.
func (i integer) difference(j integer) (neg bool, hi, lo uint64) {
	return i.sum(integer{neg: !j.neg, mag: j.mag})
}

// product returns sign and magnitude of i*j.
func (i integer) product(j integer) (neg bool, hi, lo uint64) {
	hi, lo = bits.Mul64(i.mag, j.mag)
	return i.neg != j.neg, hi, lo
}

// add returns i+j. Sums out of range wrap modulo 2^64, into the signed range if either operand is negative.
func (i integer) add(j integer) integer {
	neg, hi, lo := i.sum(j)
	return wrap(neg, hi, lo, i.neg || j.neg)
}

// sub returns i-j. Differences out of range wrap as sums do.
func (i integer) sub(j integer) integer {
	neg, hi, lo := i.difference(j)
	return wrap(neg, hi, lo, i.neg || j.neg)
}

// mul returns i*j. Products out of range wrap as sums do.
func (i integer) mul(j integer) integer {
	neg, hi, lo := i.product(j)
	return wrap(neg, hi, lo, i.neg || j.neg)
}

// quo returns i/j and whether that is an integer in range. j must not be zero.
func (i integer) quo(j integer) (integer, bool) {
	q := integer{neg: i.neg != j.neg && i.mag != 0, mag: i.mag / j.mag}
	return q, i.mag%j.mag == 0 && (!q.neg || q.mag <= 1<<63)
}

// mod returns i modulo j with the sign of j, as Lua's % does. j must not be zero.
func (i integer) mod(j integer) integer {
	r := i.mag % j.mag
	if r == 0 {
		return integer{}
	}
	if i.neg != j.neg {
		r = j.mag - r
	}
	// |r| < |j|, so a negative r is in range as j is.
	return integer{neg: j.neg, mag: r}
}

// cmp returns -1, 0 or +1 as i is less than, equal to or greater than j.
func (i integer) cmp(j integer) int {
	if i.neg != j.neg {
		if i.neg {
			return -1
		}
		return 1
	}
	c := 0
	switch {
	case i.mag < j.mag:
		c = -1
	case i.mag > j.mag:
		c = 1
	}
	if i.neg {
		return -c
	}
	return c
}

// cmpFloat compares i with f exactly. f must not be NaN.
func (i integer) cmpFloat(f float64) int {
	switch j, ok := integerOfFloat(f); {
	case ok:
		return i.cmp(j)
	case f >= 1<<64:
		return -1
	case f < -(1 << 63):
		return 1
	default: // not integral, so below 2^53: i's rounding cannot cross it
		if i.float() < f {
			return -1
		}
		return 1
	}
}
