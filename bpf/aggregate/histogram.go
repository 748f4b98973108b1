package aggregate

import (
	"math"
	"math/bits"
)

// Bucket counts the values from Low up to, and without, High. The outermost ones are open: -Inf and +Inf.
type Bucket struct {
	Low, High float64
	Count     uint64
}

// window is the counts of the buckets from first on; those around are empty. Most histograms need few.
type window struct {
	first int
	n     []uint64
}

func (w *window) add(bucket int) {
	if i := bucket - w.first; i >= 0 && i < len(w.n) {
		w.n[i]++
		return
	}
	w.widen(bucket)
	w.n[bucket-w.first]++
}

// widen gives the window room for one more bucket, with some to spare on its side.
func (w *window) widen(bucket int) {
	const spare = 2
	if len(w.n) == 0 {
		w.first, w.n = bucket, make([]uint64, 1, 1+spare)
		return
	}
	if bucket < w.first {
		first := max(bucket-spare, min(bucket, 0))
		n := make([]uint64, w.first-first+len(w.n))
		copy(n[w.first-first:], w.n)
		w.first, w.n = first, n
		return
	}
	w.n = append(w.n, make([]uint64, bucket-w.first-len(w.n)+1)...)
}

func (w *window) total() (sum uint64) {
	for _, n := range w.n {
		sum += n
	}
	return sum
}

// windows is a store of histograms, whose buckets at finds and bounds describes.
type windows struct {
	w      []window
	at     func(n Number) int
	bounds func(bucket int) (low, high float64)
}

func (s *windows) grow()               { s.w = append(s.w, window{}) }
func (s *windows) add(i int, n Number) { s.w[i].add(s.at(n)) }
func (s *windows) rank(i int) Number   { return Uint(s.w[i].total()) }

func (s *windows) result(i int) Result {
	w := s.w[i]
	for len(w.n) > 0 && w.n[0] == 0 {
		w.n, w.first = w.n[1:], w.first+1
	}
	for len(w.n) > 0 && w.n[len(w.n)-1] == 0 {
		w.n = w.n[:len(w.n)-1]
	}
	r := Result{Values: w.total()}
	r.Number = Uint(r.Values)
	for j, n := range w.n {
		low, high := s.bounds(w.first + j)
		r.Buckets = append(r.Buckets, Bucket{low, high, n})
	}
	return r
}

// powerOf2 returns the bucket of a number in a histogram by powers of two: 0 for what is negative, 1 for 0 and fractions up to 1, and i
// for 2^(i-2) up to 2^(i-1). The last takes all above.
func powerOf2(n Number) int {
	switch n.kind {
	case unsigned:
		return bits.Len64(n.bits) + 1
	case negative:
		return 0
	}
	switch f := n.Float64(); {
	case f < 0:
		return 0
	case f >= 1<<64:
		return 65
	default:
		return bits.Len64(uint64(f)) + 1
	}
}

func powerOf2Bounds(bucket int) (low, high float64) {
	switch bucket {
	case 0:
		return math.Inf(-1), 0
	case 1:
		return 0, 1
	case 65:
		return 1 << 63, math.Inf(1)
	}
	return math.Ldexp(1, bucket-2), math.Ldexp(1, bucket-1)
}

// linear is a scale of equal steps. Bucket 0 takes what is below, the last one what is from its end on.
type linear struct {
	from, step float64
	steps      int
}

// maxSteps is how many buckets a linear histogram may have, as in bpftrace.
const maxSteps = 1000

func (l linear) edge(i int) float64 { return l.from + float64(i)*l.step }

// below reports whether n is less than edge i.
func (l linear) below(n Number, i int) bool { return n.Compare(Float(l.edge(i))) < 0 }

func (l linear) at(n Number) int {
	if l.below(n, 0) {
		return 0
	}
	if !l.below(n, l.steps) {
		return l.steps + 1
	}
	// Rounding may be off by one step either way; the edges decide.
	i := min(max(int((n.Float64()-l.from)/l.step), 0), l.steps-1)
	for i > 0 && l.below(n, i) {
		i--
	}
	for i < l.steps-1 && !l.below(n, i+1) {
		i++
	}
	return i + 1
}

func (l linear) bounds(bucket int) (low, high float64) {
	switch bucket {
	case 0:
		return math.Inf(-1), l.from
	case l.steps + 1:
		return l.edge(l.steps), math.Inf(1)
	}
	return l.edge(bucket - 1), l.edge(bucket)
}
