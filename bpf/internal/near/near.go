// Package near finds the names that a mistyped one may have meant.
package near

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/internal/edit"
)

// most is how many names are offered: more do not help anybody to choose.
const most = 3

// Names returns the elements of have that are near to want, the nearest first, three at most.
// Near means few edits for the length of want, or that one contains the other.
func Names(want string, have []string) []string {
	type scored struct {
		name  string
		score int
	}
	var found []scored
	limit := max(1, len(want)/3)
	lower := strings.ToLower(want)
	letters := []rune(lower)
	var edits edit.Distance
	for _, name := range have {
		switch d := edits.Between(letters, []rune(strings.ToLower(name)), limit); {
		case name == "":
		case d <= limit:
			found = append(found, scored{name, d})
		case len(want) >= 4 && strings.Contains(strings.ToLower(name), lower):
			found = append(found, scored{name, limit + len(name) - len(want)})
		case len(name) >= 4 && strings.Contains(lower, strings.ToLower(name)):
			found = append(found, scored{name, limit + len(want) - len(name)})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
	})
	found = slices.CompactFunc(found, func(a, b scored) bool { return a.name == b.name })
	var names []string
	for _, f := range found[:min(most, len(found))] {
		// Behind a good guess poor ones are noise.
		if f.score <= found[0].score+2 {
			names = append(names, f.name)
		}
	}
	return names
}

// Hint returns " (did you mean a, b or c?)", or "" without names.
func Hint(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", List(names, "or"))
}

// List joins names as a sentence does: "a, b or c".
func List(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	n := len(names) - 1
	return strings.Join(names[:n], ", ") + " " + last + " " + names[n]
}
