package cscan

import "bytes"

// token is what a lexer finds.
type token uint8

const (
	end token = iota
	word
	punctuation
	directive // a line that begins with #
)

// lexer splits C into words and single characters of punctuation. Comments, numbers, strings and
// characters are passed over.
type lexer struct {
	text        []byte
	at          int
	inDirective bool // text is one line: a # in it begins no other
	middle      bool // something stands before in this line
}

// next returns the next token; of a directive all that follows the #.
func (l *lexer) next() (token, string) {
	for l.at < len(l.text) {
		from, c := l.at, l.text[l.at]
		rest := l.text[from:]
		switch {
		case c == '\n':
			l.middle = false
			l.at++
		case c <= ' ':
			l.at++
		case c == '\\':
			l.at++
			if bytes.HasPrefix(rest[1:], []byte("\n")) {
				l.at++ // the line goes on
			}
		case c == '/' && bytes.HasPrefix(rest, []byte("/*")):
			l.skipTo(rest[2:], 2, []byte("*/"))
		case c == '/' && bytes.HasPrefix(rest, []byte("//")):
			l.at += lineLen(rest)
		case c == '#' && !l.middle && !l.inDirective:
			n := lineLen(rest)
			l.at += n
			return directive, string(join(rest[1:n]))
		case c == '"' || c == '\'':
			l.middle = true
			l.at += quotedLen(rest, c)
		case isDigit(c):
			l.middle = true
			l.at += numberLen(rest)
		case isLetter(c):
			l.middle = true
			for l.at < len(l.text) && (isLetter(l.text[l.at]) || isDigit(l.text[l.at])) {
				l.at++
			}
			return word, string(l.text[from:l.at])
		default:
			l.middle = true
			l.at++
			return punctuation, string(rest[:1])
		}
	}
	return end, ""
}

// skipTo goes behind the next mark in rest, which begins skip bytes behind where the lexer is.
func (l *lexer) skipTo(rest []byte, skip int, mark []byte) {
	i := bytes.Index(rest, mark)
	if i < 0 {
		l.at = len(l.text)
		return
	}
	l.at += skip + i + len(mark)
}

// lineLen returns the length of the line that text begins with, as far as backslashes continue it, without its newline.
// A comment of several lines that begins in it belongs to it.
func lineLen(text []byte) int {
	n := 0
	for {
		i := bytes.IndexByte(text[n:], '\n')
		if i < 0 {
			return len(text)
		}
		n += i
		line := bytes.TrimRight(text[:n], "\r")
		if len(line) == 0 || line[len(line)-1] != '\\' {
			return n
		}
		n++
	}
}

// join removes the backslashes that continue lines.
func join(line []byte) []byte {
	if bytes.IndexByte(line, '\n') < 0 {
		return line
	}
	line = bytes.ReplaceAll(line, []byte("\\\r\n"), []byte(" "))
	return bytes.ReplaceAll(line, []byte("\\\n"), []byte(" "))
}

// quotedLen returns the length of the string or character that text begins with, no further than its line: an
// apostrophe in #error or in assembly is not closed.
func quotedLen(text []byte, quote byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\n':
			return i
		case quote:
			return i + 1
		}
	}
	return len(text)
}

// numberLen returns the length of the number that text begins with, suffixes and exponents included.
func numberLen(text []byte) int {
	n := 1
	for n < len(text) && (isLetter(text[n]) || isDigit(text[n]) || text[n] == '.') {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isLetter reports whether c may begin an identifier; clang takes $ and all that is not ASCII.
func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$' || c >= 0x80
}
