package diag

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ebpfx/ebpfx/internal/edit"
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
	var d edit.Distance
	for _, c := range candidates {
		limit := max(1, max(len(want), utf8.RuneCountInString(c))/3)
		if c == name || c == "" {
			continue
		}
		if n := d.Between(want, []rune(strings.ToLower(c)), limit); n <= limit {
			found = append(found, match{c, n})
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
