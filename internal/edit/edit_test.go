package edit

import "testing"

func TestDistance(t *testing.T) {
	var d Distance // the rows of one are those of the next
	for _, tc := range []struct {
		a, b        string
		limit, want int
	}{
		{"", "", 0, 0},
		{"", "abc", 3, 3},
		{"sched_switch", "sched_switch", 4, 0},
		{"sched_swich", "sched_switch", 4, 1},
		{"sched_swithc", "sched_switch", 4, 1}, // neighbours
		{"ca", "abc", 3, 3},                    // no letter is moved twice
		{"opensnop", "opensnoop", 2, 1},
		{"añb", "anb", 2, 1}, // a letter, not its bytes
		{"abcdef", "uvwxyz", 2, 3},
		{"a", "abcdef", 2, 3},
	} {
		for _, pair := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
			if got := d.Between([]rune(pair[0]), []rune(pair[1]), tc.limit); got != tc.want {
				t.Errorf("between %q and %q, at most %d: %d, want %d", pair[0], pair[1], tc.limit, got, tc.want)
			}
		}
	}
}
