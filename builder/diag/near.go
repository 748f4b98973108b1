package diag

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxNear is how many names Near offers: more would be a list, not a hint.
const maxNear = 3

// Near returns the candidates that name may be a misspelling of, best first and
// at most three. Names that differ in a third of their characters or less are
// near; case does not count. Equally good ones keep their order, and name itself
// is left out.
func Near(name string, candidates []string) []string {
	type match struct {
		name string
		dist int
	}
	want := []rune(strings.ToLower(name))
	if len(want) == 0 {
		return nil
	}
	var found []match
	var row distance
	for _, c := range candidates {
		limit := max(1, max(len(want), utf8.RuneCountInString(c))/3)
		if c == name || c == "" {
			continue
		}
		if d := row.between(want, []rune(strings.ToLower(c)), limit); d <= limit {
			found = append(found, match{c, d})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return a.dist - b.dist })
	names := make([]string, 0, maxNear)
	for _, m := range found {
		if len(names) < maxNear && !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	return names
}

// DidYouMean returns " (did you mean X?)" with the candidate nearest to name, to be
// put behind a message, or "" when none is near.
func DidYouMean(name string, candidates []string) string {
	near := Near(name, candidates)
	if len(near) == 0 {
		return ""
	}
	return " (did you mean " + near[0] + "?)"
}

// distance holds the rows of an edit distance table between calls, since Near
// may be asked about every symbol of a kernel.
type distance struct{ before, previous, current []int }

// between returns how many insertions, deletions, replacements and swaps of
// neighbours turn a into b (optimal string alignment), or limit+1 when more than limit.
func (d *distance) between(a, b []rune, limit int) int {
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
