// Package edit measures how much two names differ.
package edit

import "slices"

// Distance holds the rows of the table that a distance is found in, for the next one: somebody may ask about every symbol of a kernel. The zero
// value is ready; it serves one goroutine.
type Distance struct{ before, previous, current []int }

// Between returns how many insertions, deletions, replacements and swaps of
// neighbours turn a into b (optimal string alignment), or limit+1 when more than limit.
func (d *Distance) Between(a, b []rune, limit int) int {
	if diff := len(a) - len(b); diff > limit || -diff > limit {
		return limit + 1
	}
	for _, row := range []*[]int{&d.before, &d.previous, &d.current} {
		*row = slices.Grow((*row)[:0], len(b)+1)[:len(b)+1]
	}
	for j := range d.previous {
		d.previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		d.current[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			n := min(d.previous[j]+1, d.current[j-1]+1, d.previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, d.before[j-2]+1)
			}
			d.current[j] = n
			least = min(least, n)
		}
		if least > limit {
			return limit + 1
		}
		d.before, d.previous, d.current = d.previous, d.current, d.before
	}
	return d.previous[len(b)]
}
