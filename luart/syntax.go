package luart

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// syntaxError turns the parser's error into one with the place of the token at fault.
func (src *source) syntaxError(err error) *diag.Diagnostic {
	var wrong *parse.Error
	if !errors.As(err, &wrong) {
		return src.diagnostic(1, "", fmt.Sprintf("parse: %v", err))
	}
	tokens := src.scan()
	if wrong.Pos.Line == parse.EOF {
		d := src.diagnostic(src.lastLine(), "", "syntax error: the file ends too early"+unclosed(tokens))
		d.Column = len(d.Source) + 1
		return d
	}
	// The parser's place is the end of the token.
	i := len(tokens) - 1
	for i > 0 && after(tokens[i].Pos, wrong.Pos) {
		i--
	}
	d := src.diagnostic(wrong.Pos.Line, "", "")
	d.Column = wrong.Pos.Column
	if i >= 0 {
		d = src.diagnostic(tokens[i].Pos.Line, "", "")
		d.Column = tokens[i].Pos.Column
	}
	switch wrong.Message {
	case "syntax error", "parse error":
		d.Text = "syntax error near " + strconv.Quote(clip(wrong.Token))
		if i >= 0 && closers[tokens[i].Str] {
			d.Text += unclosed(tokens[:i])
		}
	default:
		d.Text = "syntax error: " + strings.ToLower(wrong.Message[:1]) + wrong.Message[1:]
	}
	return d
}

// lastLine returns the number of the last line that has text.
func (src *source) lastLine() int {
	for n := len(src.lines); n > 1; n-- {
		if strings.TrimSpace(src.line(n)) != "" {
			return n
		}
	}
	return 1
}

// after reports whether p is behind q in the text.
func after(p, q ast.Position) bool {
	return p.Line > q.Line || p.Line == q.Line && p.Column > q.Column
}

// openers maps what opens something to what closes it. The do of while and for is their opener.
var openers = map[string]string{
	"function": "end", "do": "end", "if": "end", "repeat": "until", "(": ")", "{": "}", "[": "]",
}

var closers = map[string]bool{"end": true, "until": true, ")": true, "}": true, "]": true}

// unclosed says which opener before the end of tokens is still open, innermost first.
func unclosed(tokens []ast.Token) string {
	var open []ast.Token
	for _, tok := range tokens {
		if tok.Type == parse.TString {
			continue
		}
		if openers[tok.Str] != "" {
			open = append(open, tok)
		} else if n := len(open); closers[tok.Str] && n > 0 && openers[open[n-1].Str] == tok.Str {
			open = open[:n-1]
		}
	}
	if len(open) == 0 {
		return ""
	}
	last := open[len(open)-1]
	return fmt.Sprintf("; the %s of line %d lacks its %s", last.Str, last.Pos.Line, openers[last.Str])
}
