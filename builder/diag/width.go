package diag

import "github.com/mattn/go-runewidth"

// columns does not ask the locale: a caret has to stand in the same place for everybody.
var columns = &runewidth.Condition{}

// width returns how many columns of a terminal r takes.
func width(r rune) int {
	if r < 0x300 {
		return 1
	}
	return columns.RuneWidth(r)
}
