package aggregate

import (
	"math"

	"github.com/axiomhq/hyperloglog"
)

// QuantileError is how far a quantile may be from the value that has its rank, relative to that value.
const QuantileError = 0.01

// Quantile is the value below which a share of all values lies.
type Quantile struct {
	Share float64 // from 0 to 1
	Value float64 // within QuantileError of the value of rank Share*(n-1), rounded down, where the least of n values has rank 0
}

// sketches is a store of Quantiles.
type sketches struct {
	s      []*ddsketch // nil: no value yet
	ends   []struct{ min, max Number }
	shares []float64
}

func (s *sketches) grow() {
	s.s = append(s.s, nil)
	s.ends = append(s.ends, struct{ min, max Number }{})
}

func (s *sketches) add(i int, n Number) {
	// Infinities have no place in a sketch; they count as the largest floats.
	v := min(max(n.Float64(), -math.MaxFloat64), math.MaxFloat64)
	e := &s.ends[i]
	if s.s[i] == nil {
		s.s[i] = new(ddsketch)
		e.min, e.max = n, n
	}
	if n.Compare(e.min) < 0 {
		e.min = n
	}
	if n.Compare(e.max) > 0 {
		e.max = n
	}
	s.s[i].add(v)
}

func (s *sketches) count(i int) uint64 {
	if s.s[i] == nil {
		return 0
	}
	return s.s[i].count
}

func (s *sketches) rank(i int) Number { return Uint(s.count(i)) }

func (s *sketches) result(i int) Result {
	r := Result{Number: Uint(s.count(i)), Values: s.count(i), Min: s.ends[i].min, Max: s.ends[i].max}
	for _, share := range s.shares {
		q := Quantile{Share: share, Value: math.NaN()}
		if s.s[i] != nil {
			// The ends are known better.
			q.Value = min(max(s.s[i].quantile(share), r.Min.Float64()), r.Max.Float64())
		}
		r.Quantiles = append(r.Quantiles, q)
	}
	return r
}

// DistinctError is the standard error of Distinct above some thousand values, relative to their number; fewer are
// counted almost exactly.
const DistinctError = 0.0081

// cardinalities is a store of Distinct.
type cardinalities struct {
	s []*hyperloglog.Sketch // nil: no value yet
	n []uint64
}

func (s *cardinalities) grow() {
	s.s = append(s.s, nil)
	s.n = append(s.n, 0)
}

func (s *cardinalities) add(i int, n Number) { s.insert(i, appendNumber(nil, n)) }

// insert takes a value as a key has it.
func (s *cardinalities) insert(i int, value []byte) {
	if s.s[i] == nil {
		s.s[i] = hyperloglog.New14()
	}
	s.n[i]++
	s.s[i].Insert(value)
}

func (s *cardinalities) rank(i int) Number {
	if s.s[i] == nil {
		return Number{}
	}
	return Uint(s.s[i].Estimate())
}

func (s *cardinalities) result(i int) Result { return Result{Number: s.rank(i), Values: s.n[i]} }
