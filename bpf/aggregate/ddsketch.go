package aggregate

import (
	"maps"
	"math"
	"slices"
)

// ddsketch counts values in buckets whose bounds are powers of one base, so that any quantile is known to within a
// relative error: DDSketch by Masson, Rim and Lee (VLDB 2019), section 2. It needs a bucket for each power that
// occurs, at most 2,219 for the integers of 64 bits. The zero value is empty.
//
// The library of its authors comes with protobuf, which would make the command larger than it may be.
type ddsketch struct {
	count              uint64
	zeros              uint64
	positive, negative map[int32]uint64 // by the power of sketchBase that values are at most; negative values by their absolute
}

// sketchBase makes the buckets so wide that QuantileError is kept: the middle of one is within it of both bounds.
const sketchBase = (1 + QuantileError) / (1 - QuantileError)

var logSketchBase = math.Log(sketchBase)

// add counts v, which is finite.
func (s *ddsketch) add(v float64) {
	s.count++
	switch {
	case v > 0:
		countPower(&s.positive, v)
	case v < 0:
		countPower(&s.negative, -v)
	default:
		s.zeros++
	}
}

func countPower(buckets *map[int32]uint64, v float64) {
	if *buckets == nil {
		*buckets = make(map[int32]uint64)
	}
	(*buckets)[int32(math.Ceil(math.Log(v)/logSketchBase))]++
}

// quantile returns the value of rank share*(count-1), rounded down, within QuantileError; NaN where there is none.
func (s *ddsketch) quantile(share float64) float64 {
	if s.count == 0 {
		return math.NaN()
	}
	rank := uint64(math.Floor(share * float64(s.count-1)))
	for _, power := range slices.Backward(slices.Sorted(maps.Keys(s.negative))) {
		if n := s.negative[power]; rank < n {
			return -middleOfPower(power)
		} else {
			rank -= n
		}
	}
	if rank < s.zeros {
		return 0
	}
	rank -= s.zeros
	for _, power := range slices.Sorted(maps.Keys(s.positive)) {
		if n := s.positive[power]; rank < n {
			return middleOfPower(power)
		} else {
			rank -= n
		}
	}
	return math.Inf(1) // of share above 1
}

// middleOfPower returns the value that is as far from both bounds of a bucket, relative to these.
func middleOfPower(power int32) float64 {
	return math.Exp(float64(power)*logSketchBase) * 2 / (1 + sketchBase)
}
