package cscan

import "maps"

// File is what one file says.
type File struct {
	Words    map[string]bool // all identifiers, but for those in Helpers
	Tags     map[string]bool // identifiers that follow struct, union or enum
	Ahead    map[string]bool // tags that are declared and nothing more: struct x;
	Includes []Include
	Helpers  []Helper
	Lead     Lead
}

// Include is a directive that names a file. Those that leave the name to a macro are not known.
type Include struct {
	Name   string
	Quoted bool // "name", not <name>
	Next   bool // #include_next: a file of that name in a later folder than this one
}

// Helper is the declaration of a BPF helper as libbpf's bpf_helper_defs.h has it:
// static RETURN (*NAME)(PARAMS) = (void *) NUMBER;
type Helper struct {
	Name  string
	Words map[string]bool // of the declaration, and its tags
	Tags  map[string]bool
}

// Lead is how a file begins: what stands before its first include.
type Lead struct {
	Include *Include // nil: something else comes first; it may depend on an #ifndef, as the guard of a header is one
	Defines []string // macros that are defined before
}

// Scan reads a file. It takes any bytes, and never more than the time to read them once.
func Scan(text []byte) *File {
	s := &scanner{
		lexer: lexer{text: text},
		file:  &File{Words: make(map[string]bool), Tags: make(map[string]bool), Ahead: make(map[string]bool)},
	}
	s.scan()
	return s.file
}

// scanner is the state of Scan.
type scanner struct {
	lexer
	file      *File
	keyword   bool // the last word was struct, union or enum
	statement statement
	led       bool // Lead is complete
	guarded   bool // there was an #ifndef
}

// statement is what was read of a declaration since the last semicolon or brace.
type statement struct {
	words, tags map[string]bool
	tokens      int
	static      bool   // it begins with static
	name        string // of the pointer that it declares
	nameAt      nameState
}

// nameState tells how far "(*name)(" was read.
type nameState uint8

const (
	before nameState = iota
	open             // "("
	star             // "(*"
	name             // "(*name"
	closed           // "(*name)"
	params           // "(*name)("
)

func (s *scanner) scan() {
	s.statement.reset()
	for {
		tok, text := s.next()
		switch tok {
		case end:
			s.endStatement(false)
			return
		case directive:
			s.endStatement(false)
			s.directive(text)
			continue
		case word:
			s.word(text)
		case punctuation:
			s.punctuation(text[0])
		}
		s.led = true
	}
}

func (s *scanner) word(w string) {
	st := &s.statement
	st.tokens++
	switch {
	case w == "struct" || w == "union" || w == "enum":
		s.keyword = true
		return
	case s.keyword:
		st.tags[w] = true
	default:
		st.words[w] = true
	}
	s.keyword = false
	switch {
	case st.tokens == 1 && w == "static":
		st.static = true
	case st.nameAt == star && w != "const":
		st.name, st.nameAt = w, name
	}
}

func (s *scanner) punctuation(c byte) {
	st := &s.statement
	st.tokens++
	switch {
	case c == '(' && st.nameAt == before:
		st.nameAt = open
	case c == '*' && st.nameAt == open:
		st.nameAt = star
	case c == ')' && st.nameAt == name:
		st.nameAt = closed
	case c == '(' && st.nameAt == closed:
		st.nameAt = params
	case c == ';':
		s.endStatement(true)
	case c == '{' || c == '}':
		s.endStatement(false)
	case st.nameAt == open || st.nameAt == star || st.nameAt == name || st.nameAt == closed:
		st.nameAt = before
	}
}

// endStatement enters a statement into the file. It is a whole one if a semicolon ended it.
func (s *scanner) endStatement(whole bool) {
	st := &s.statement
	switch {
	case whole && st.static && st.nameAt == params:
		s.file.Helpers = append(s.file.Helpers, Helper{Name: st.name, Words: maps.Clone(st.words), Tags: maps.Clone(st.tags)})
	case whole && st.tokens == 3 && len(st.tags) == 1: // keyword, tag and semicolon
		maps.Copy(s.file.Ahead, st.tags)
	default:
		maps.Copy(s.file.Words, st.words)
		maps.Copy(s.file.Tags, st.tags)
	}
	st.reset()
	s.keyword = false
}

func (st *statement) reset() {
	if st.words == nil {
		st.words, st.tags = make(map[string]bool), make(map[string]bool)
	}
	clear(st.words)
	clear(st.tags)
	*st = statement{words: st.words, tags: st.tags}
}
