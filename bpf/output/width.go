package output

import (
	"unicode"
	"unicode/utf8"
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

// wide holds what terminals show two columns wide: the blocks whose East Asian Width is
// wide throughout (Unicode Standard Annex 11), and emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, // Hangul Jamo
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1}, // radicals, CJK punctuation
		{Lo: 0x3041, Hi: 0x4dbf, Stride: 1}, // kana to CJK extension A
		{Lo: 0x4e00, Hi: 0xa4cf, Stride: 1}, // CJK, Yi
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, // Hangul
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1}, // CJK compatibility
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1}, // fullwidth forms
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, // emoji
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1}, // CJK extensions
	},
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
