package builder

import (
	"bytes"
	"strings"
)

// depTarget is the name of the object in the dep files that clang writes for us.
const depTarget = "o"

// parseDeps returns the files that a dep file names, in order. It is a make rule as clang writes it
// (lib/Frontend/DependencyFile.cpp): lines are continued with a backslash; a space and
// a # are quoted with one, which doubles those right before a space; a $ is two.
func parseDeps(text []byte) []string {
	_, text, _ = bytes.Cut(text, []byte(depTarget+":"))
	var names []string
	var name strings.Builder
	end := func() {
		if name.Len() > 0 {
			names = append(names, name.String())
			name.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n':
			end()
		case '$':
			if i+1 < len(text) && text[i+1] == '$' {
				i++
			}
			name.WriteByte('$')
		case '\\':
			n := 1 // backslashes in a row
			for i+n < len(text) && text[i+n] == '\\' {
				n++
			}
			next := byte(0)
			if i+n < len(text) {
				next = text[i+n]
			}
			i += n - 1
			switch {
			case next == '\n' || next == '\r':
				name.WriteString(strings.Repeat(`\`, n-1))
				end()
			case next == ' ':
				name.WriteString(strings.Repeat(`\`, n/2))
				if n%2 == 1 {
					name.WriteByte(' ')
					i++
				}
			case next == '#':
				name.WriteString(strings.Repeat(`\`, n-1) + "#")
				i++
			default:
				name.WriteString(strings.Repeat(`\`, n))
			}
		default:
			name.WriteByte(c)
		}
	}
	end()
	return names
}
