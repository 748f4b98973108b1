package output

import (
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// textWidth returns how many columns of a terminal b takes.
func textWidth(b []byte) int {
	w := 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			w++
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		w += runeWidth(r)
		i += n
	}
	return w
}

// appendCut appends b, which is wider than width, with an ellipsis in place of what is too
// much, and returns how wide that is: a column less than width where half of a wide rune would have fit.
func appendCut(dst, b []byte, width int) ([]byte, int) {
	w, i := 0, 0
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		rw := runeWidth(r)
		if w+rw >= width {
			break
		}
		w += rw
		i += n
	}
	dst = append(dst, b[:i]...)
	return append(dst, "…"...), w + 1
}

// columns does not ask the locale: where a table is wide must not depend on who reads it.
var columns = &runewidth.Condition{}

// runeWidth returns how many columns of a terminal r takes. What is below 0x300 takes one: no control character comes here.
func runeWidth(r rune) int {
	if r < 0x300 {
		return 1
	}
	return columns.RuneWidth(r)
}
