package luart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// source is a file of Lua that was read.
type source struct {
	name     string // as positions show it
	path     string // absolute
	identity string // path without symbolic links
	text     string
	lines    []string
	tokens   []ast.Token // made by scan
	names    names       // filled by compile
	// functions has those in the text, as resolution lists them; nil where they cannot be told apart. Filled by compile.
	functions []*lua.FunctionProto
}

// sources are all files that were compiled, in that order. The Lua state knows them by name.
type sources []*source

// named returns the source that positions call name, or nil.
func (list sources) named(name string) *source {
	for _, src := range list {
		if src.name == name {
			return src
		}
	}
	return nil
}

func newSource(path, text string) *source {
	// As in Lua, a first line with # is for the shell. It stays as a comment, so that lines keep their numbers.
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.HasPrefix(text, "#") {
		text = "--" + text
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return &source{name: displayPath(path), path: path, text: text, lines: lines}
}

// maxLine bounds the bytes of a line that are shown: what is longer was not written by people.
const maxLine = 1000

// line returns the text of line n, or "" where there is none.
func (src *source) line(n int) string {
	if n < 1 || n > len(src.lines) {
		return ""
	}
	text := src.lines[n-1]
	return text[:min(len(text), maxLine)]
}

// scan returns the tokens of the text, the last of them at fault if one is.
func (src *source) scan() []ast.Token {
	if src.tokens != nil {
		return src.tokens
	}
	scanner := parse.NewScanner(strings.NewReader(src.text), src.name)
	var lexer parse.Lexer
	for {
		tok, err := scanner.Scan(&lexer)
		if err == nil && tok.Type == parse.EOF {
			break
		}
		src.tokens = append(src.tokens, tok)
		if err != nil {
			break
		}
		lexer.PrevTokenType = tok.Type
	}
	return src.tokens
}

// pos returns the position of a word, a name or number, in a line. Without the word, or where it is not in that line, the column
// is unknown.
func (src *source) pos(line int, word string) diag.Pos {
	p := diag.Pos{File: src.name, Line: line}
	word, _, _ = strings.Cut(word, ".")
	tokens := src.scan()
	i, _ := slices.BinarySearchFunc(tokens, line, func(tok ast.Token, line int) int { return tok.Pos.Line - line })
	for ; i < len(tokens) && tokens[i].Pos.Line == line; i++ {
		if tokens[i].Str == word && tokens[i].Type != parse.TString {
			p.Column = tokens[i].Pos.Column
			break
		}
	}
	return p
}

// diagnostic returns an error about a word in a line.
func (src *source) diagnostic(line int, word, text string) *diag.Diagnostic {
	d := diag.Errorf(src.pos(line, word), "%s", text)
	d.Source = src.line(line)
	return d
}

// here returns the place of the innermost Lua function that runs, which is where a builtin was called from.
// word is the builtin's name, whose column is given.
func (s *Script) here(L *lua.LState, word string) diag.Pos {
	name, line, ok := caller(L)
	if !ok {
		return diag.Pos{}
	}
	if src := s.sources.named(name); src != nil {
		return src.pos(line, word)
	}
	return diag.Pos{File: name, Line: line}
}

// dir returns the folder of the file that a builtin was called from.
func (s *Script) dir(L *lua.LState) string {
	if name, _, ok := caller(L); ok {
		if src := s.sources.named(name); src != nil {
			return filepath.Dir(src.path)
		}
	}
	return s.project.Dir // code made by load
}

// caller returns the source's name and the line of the innermost Lua function that runs.
func caller(L *lua.LState) (name string, line int, ok bool) {
	for level := 0; ; level++ {
		frame, ok := L.GetStack(level)
		if !ok {
			return "", 0, false
		}
		if _, err := L.GetInfo("Sl", frame, lua.LNil); err == nil && frame.Source != "" && frame.Source != preludeName {
			return frame.Source, frame.CurrentLine, true
		}
	}
}

// displayPath returns an absolute path as the user would type it: relative to the current folder where that is shorter.
func displayPath(abs string) string {
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, abs); err == nil && len(rel) < len(abs) {
			return rel
		}
	}
	return abs
}
