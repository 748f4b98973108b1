package diag

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TextOptions tell AppendText how to render.
type TextOptions struct {
	// Dir is the folder to which file names are made relative where that is
	// shorter: the current one. "" leaves them as they are.
	Dir string
	// Color marks the parts with ANSI escapes, as clang does.
	Color bool
}

// AppendText appends d as people read it, each line with its newline:
//
//	project.lua:3:7: unexpected symbol near "="
//	    x == 3
//	      ^
//	detail
//
// Warnings and notes say so before the text. Control characters are not let through to the terminal: what a message
// quotes may come from any process.
func (d *Diagnostic) AppendText(dst []byte, o TextOptions) []byte {
	paint := func(code, s string) {
		if o.Color && s != "" {
			s = "\x1b[" + code + "m" + s + "\x1b[0m"
		}
		dst = append(dst, s...)
	}
	if d.IsValid() {
		p := d.Pos
		p.File = Relative(o.Dir, p.File)
		paint("1", p.String()+":")
		dst = append(dst, ' ')
	}
	switch d.Level {
	case Warning:
		paint("1;35", "warning:")
		dst = append(dst, ' ')
	case Note:
		paint("1;36", "note:")
		dst = append(dst, ' ')
	}
	text := printable(d.Text)
	if d.Level == Error {
		paint("1;31", text)
	} else {
		dst = append(dst, text...)
	}
	dst = append(dst, '\n')
	if strings.TrimSpace(d.Source) != "" {
		line, caret := excerpt(d.Source, d.Column)
		dst = append(dst, "    "+line+"\n"...)
		if caret != "" {
			dst = append(dst, "    "...)
			paint("1;32", caret)
			dst = append(dst, '\n')
		}
	}
	if d.Detail != "" {
		dst = append(dst, printable(strings.TrimRight(d.Detail, "\n"))...)
		dst = append(dst, '\n')
	}
	return dst
}

// printable returns text with its control characters and invalid bytes written as \x1b and the like. Tabs and newlines stay.
func printable(text string) string {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' }
	if utf8.ValidString(text) && !strings.ContainsFunc(text, control) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		n := runeLen(text, i, r)
		if control(r) || r == utf8.RuneError && n == 1 {
			for _, c := range []byte(text[i : i+n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
			continue
		}
		b.WriteString(text[i : i+n])
	}
	return b.String()
}

// Relative returns file relative to dir where that is shorter and exact, and
// file itself otherwise.
func Relative(dir, file string) string {
	if dir == "" || !filepath.IsAbs(file) {
		return file
	}
	rel, err := filepath.Rel(dir, file)
	if err != nil || len(rel) >= len(file) {
		return file
	}
	return rel
}

// excerpt returns a source line fit for a terminal and the line below it whose
// caret stands under the byte at column, which counts from 1. caret is "" when the column is unknown
// or lies beyond the end, one past the end excepted: that is where something is missing.
func excerpt(source string, column int) (line, caret string) {
	var l, c strings.Builder
	seen := false
	for i, r := range source {
		if column > 0 && !seen && i+max(1, runeLen(source, i, r)) >= column {
			c.WriteByte('^')
			seen = true
		}
		switch {
		case r == '\t':
			l.WriteByte('\t')
			if !seen {
				// The same tab below ends in the same place, however wide tabs are.
				c.WriteByte('\t')
			}
			continue
		case unicode.IsControl(r):
			r = utf8.RuneError
		}
		l.WriteRune(r)
		if !seen {
			c.WriteString(strings.Repeat(" ", width(r)))
		}
	}
	if column == len(source)+1 {
		c.WriteByte('^')
		seen = true
	}
	if !seen {
		return l.String(), ""
	}
	return l.String(), c.String()
}

// runeLen returns the bytes of rune r at source[i:]; invalid bytes are one each.
func runeLen(source string, i int, r rune) int {
	if r == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(source[i:])
		return n
	}
	return utf8.RuneLen(r)
}
