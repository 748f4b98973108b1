package aggregate

import (
	"math"
	"math/bits"
)

// store holds what an Aggregation knows of each key. Number 0 is the bucket of all keys that had no room.
type store interface {
	// grow makes room for one key more.
	grow()
	// add takes a number, which is not NaN, for key i.
	add(i int, n Number)
	// result returns what is known of key i.
	result(i int) Result
	// rank returns what orders keys: the value, or the count where it has none.
	rank(i int) Number
}

// counts is a store of Count.
type counts struct{ n []uint64 }

func (s *counts) grow()               { s.n = append(s.n, 0) }
func (s *counts) add(i int, n Number) { s.n[i] += n.bits }
func (s *counts) rank(i int) Number   { return Uint(s.n[i]) }
func (s *counts) result(i int) Result { return Result{Number: Uint(s.n[i]), Values: s.n[i]} }

// total is a sum of integers, exact in 128 bits, and of floats.
type total struct {
	high, low uint64 // two's complement
	floats    float64
	isFloat   bool
	n         uint64 // how many numbers
}

func (t *total) add(n Number) {
	t.n++
	if n.kind == floating {
		t.floats += n.Float64()
		t.isFloat = true
		return
	}
	var extension, carry uint64
	if n.kind == negative {
		extension = math.MaxUint64
	}
	t.low, carry = bits.Add64(t.low, n.bits, 0)
	t.high, _ = bits.Add64(t.high, extension, carry)
}

// float returns the number that is nearest to the sum of the integers, and the floats.
func (t *total) float() float64 {
	sign, high, low := 1.0, t.high, t.low
	if int64(high) < 0 { // a difference of two large floats would leave nothing of a small sum
		sign = -1
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	return sign*(math.Ldexp(float64(high), 64)+float64(low)) + t.floats
}

// number returns the sum: exact where it is an integer of 64 bits.
func (t *total) number() Number {
	switch {
	case t.isFloat:
	case t.high == 0:
		return Uint(t.low)
	case t.high == math.MaxUint64 && t.low >= 1<<63:
		return Int(int64(t.low))
	}
	return Float(t.float())
}

// totals is a store of Sum and Avg.
type totals struct {
	t       []total
	average bool
}

func (s *totals) grow()               { s.t = append(s.t, total{}) }
func (s *totals) add(i int, n Number) { s.t[i].add(n) }

func (s *totals) rank(i int) Number {
	if !s.average {
		return s.t[i].number()
	}
	return Float(s.t[i].float() / float64(s.t[i].n))
}

func (s *totals) result(i int) Result { return Result{Number: s.rank(i), Values: s.t[i].n} }

// extremes is a store of Min and Max.
type extremes struct {
	best  []Number
	n     []uint64
	lower bool // the least is the best
}

func (s *extremes) grow() {
	s.best = append(s.best, Number{})
	s.n = append(s.n, 0)
}

func (s *extremes) add(i int, n Number) {
	s.n[i]++
	if c := n.Compare(s.best[i]); s.n[i] == 1 || c < 0 && s.lower || c > 0 && !s.lower {
		s.best[i] = n
	}
}

func (s *extremes) rank(i int) Number   { return s.best[i] }
func (s *extremes) result(i int) Result { return Result{Number: s.best[i], Values: s.n[i]} }
