package aggregate

import (
	"cmp"
	"math"
	"strconv"
)

// Number is an integer of up to 64 bits, of either sign, or a float. The zero Number is 0.
type Number struct {
	kind numberKind
	bits uint64
}

type numberKind uint8

const (
	unsigned numberKind = iota // from 0
	negative                   // an integer below 0, in two's complement
	floating
)

// Int returns v.
func Int(v int64) Number {
	if v < 0 {
		return Number{negative, uint64(v)}
	}
	return Number{unsigned, uint64(v)}
}

// Uint returns v.
func Uint(v uint64) Number { return Number{unsigned, v} }

// Float returns v, as an integer where it is one of 64 bits.
func Float(v float64) Number {
	switch {
	case v != math.Trunc(v):
	case v >= 0 && v < 1<<64:
		return Number{unsigned, uint64(v)}
	case v < 0 && v >= -1<<63:
		return Number{negative, uint64(int64(v))}
	}
	return Number{floating, math.Float64bits(v)}
}

// Float64 returns the number that is nearest to n.
func (n Number) Float64() float64 {
	switch n.kind {
	case negative:
		return float64(int64(n.bits))
	case floating:
		return math.Float64frombits(n.bits)
	}
	return float64(n.bits)
}

// Int64 returns n; ok is false where it is no integer or does not fit.
func (n Number) Int64() (v int64, ok bool) {
	return int64(n.bits), n.kind == negative || n.kind == unsigned && n.bits < 1<<63
}

// Uint64 returns n; ok is false where it is no integer or below 0.
func (n Number) Uint64() (v uint64, ok bool) { return n.bits, n.kind == unsigned }

// IsNaN reports whether n is not a number.
func (n Number) IsNaN() bool { return n.kind == floating && math.IsNaN(math.Float64frombits(n.bits)) }

// Compare orders numbers, exactly also where floats and large integers meet. NaN comes first.
func (n Number) Compare(o Number) int {
	switch {
	case n.kind == floating || o.kind == floating:
		if n.kind == o.kind {
			return cmp.Compare(n.Float64(), o.Float64())
		}
		if n.kind == floating {
			return -o.compareFloat(n.Float64())
		}
		return n.compareFloat(o.Float64())
	case n.kind == negative && o.kind == negative:
		return cmp.Compare(int64(n.bits), int64(o.bits))
	case n.kind == negative:
		return -1
	case o.kind == negative:
		return 1
	}
	return cmp.Compare(n.bits, o.bits)
}

// compareFloat compares the integer n with f, which is none of 64 bits: it has a fraction, or is beyond all of them.
func (n Number) compareFloat(f float64) int {
	switch {
	case f >= 1<<64:
		return -1
	case f < -1<<63, math.IsNaN(f):
		return 1
	}
	if c := n.Compare(Float(math.Floor(f))); c != 0 {
		return c
	}
	return -1 // f has a fraction
}

// AppendText appends n in decimal.
func (n Number) AppendText(dst []byte) []byte {
	switch n.kind {
	case negative:
		return strconv.AppendInt(dst, int64(n.bits), 10)
	case floating:
		return strconv.AppendFloat(dst, n.Float64(), 'g', -1, 64)
	}
	return strconv.AppendUint(dst, n.bits, 10)
}

// Short returns n as tables show it: with no more than two decimals where it has any.
func (n Number) Short() string {
	if f := n.Float64(); n.kind == floating && math.Abs(f) < 1e15 && math.Abs(f) >= 0.01 {
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
	return string(n.AppendText(nil))
}
