package cscan

import "strings"

// directive reads a line that begins with #, without the # and with continued lines joined.
func (s *scanner) directive(line string) {
	l := lexer{text: []byte(line), inDirective: true}
	_, name := l.next()
	switch name {
	case "include", "include_next", "import":
		s.include(strings.TrimSpace(line[l.at:]), name == "include_next")
		return
	case "define":
		_, macro := l.next()
		if !s.led {
			s.file.Lead.Defines = append(s.file.Lead.Defines, macro)
		}
		s.file.Words[macro] = true
	case "pragma":
		// "once", and what concerns warnings: nothing that changes what follows in a header.
	case "ifndef":
		// The guard of a header. Any other condition that begins so leaves it to the compiler whether the include is there.
		s.led = s.led || s.guarded
		s.guarded = true
	default:
		s.led = true
	}
	keyword := false
	for {
		tok, text := l.next()
		switch tok {
		case end:
			return
		case word:
			isKeyword := text == "struct" || text == "union" || text == "enum"
			switch {
			case isKeyword:
			case keyword:
				s.file.Tags[text] = true
			default:
				s.file.Words[text] = true
			}
			keyword = isKeyword
		default:
			keyword = false
		}
	}
}

// include reads what follows the word include.
func (s *scanner) include(operand string, next bool) {
	first := !s.led
	s.led = true
	if operand == "" {
		return
	}
	var closing string
	switch operand[0] {
	case '"':
		closing = `"`
	case '<':
		closing = ">"
	default:
		return
	}
	name, _, ok := strings.Cut(operand[1:], closing)
	if !ok || name == "" {
		return
	}
	inc := Include{Name: name, Quoted: closing == `"`, Next: next}
	s.file.Includes = append(s.file.Includes, inc)
	if first {
		s.file.Lead.Include = &inc
	}
}
