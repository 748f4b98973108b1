// Package diag has the one type in which ebpfx tells a user what is wrong in a
// file of theirs, and its renderings: text with the source line and a caret,
// JSON, and GitHub's annotations.
package diag

import (
	"fmt"
	"strings"
)

// Pos is a place in a file. Lines and columns count from 1 in bytes; 0 means
// unknown. The zero Pos is nowhere.
type Pos struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// IsValid reports whether p names a file.
func (p Pos) IsValid() bool { return p.File != "" }

// String returns "file:line:column" with what is known of it.
func (p Pos) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	for _, n := range []int{p.Line, p.Column} {
		if n == 0 {
			break
		}
		fmt.Fprintf(&b, ":%d", n)
	}
	return b.String()
}

// Level says how bad a diagnostic is.
type Level string

// Levels, as clang names them.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Note    Level = "note"
)

// Diagnostic is one message about a place. It is an error, whose text is
// "file:line:column: text" on one line.
type Diagnostic struct {
	Pos
	Level Level  `json:"level"`
	Text  string `json:"text"`
	// Source is the line at Pos without its newline, shown below the text;
	// empty when it is not known or of no help.
	Source string `json:"source,omitempty"`
	// Detail is further lines that explain Text: a Lua traceback, the end of
	// the verifier's log.
	Detail string `json:"detail,omitempty"`
	// Err is the cause, for errors.Is and errors.As.
	Err error `json:"-"`
}

// Errorf returns a Diagnostic of level Error at pos. A %w in format sets Err.
func Errorf(pos Pos, format string, args ...any) *Diagnostic {
	err := fmt.Errorf(format, args...)
	d := &Diagnostic{Pos: pos, Level: Error, Text: err.Error()}
	if u, ok := err.(interface{ Unwrap() error }); ok {
		d.Err = u.Unwrap()
	}
	return d
}

// Error returns the position and the text on one line.
func (d *Diagnostic) Error() string {
	if !d.IsValid() {
		return d.Text
	}
	return d.Pos.String() + ": " + d.Text
}

// Unwrap returns the cause.
func (d *Diagnostic) Unwrap() error { return d.Err }
