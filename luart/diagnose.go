package luart

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// raisedError is the last Go error that was raised in Lua, where it is a text.
type raisedError struct {
	text string
	err  error
}

// raise raises err as a Lua error. Scripts that catch it see a text with a position; diagnose finds err again behind that text.
func (s *Script) raise(L *lua.LState, err error) {
	text := err.Error()
	var d *diag.Diagnostic
	if !errors.As(err, &d) || !d.IsValid() {
		if pos := s.here(L, ""); pos.IsValid() {
			text = pos.String() + ": " + text
		}
	}
	s.raised = raisedError{text, err}
	L.Error(lua.LString(text), 0)
}

// diagnose turns an error of the Lua state into what users see: the place in their file, the line there, and
// the Lua functions that led to it. An error that Go code raised keeps its position and is the cause of the result.
func (s *Script) diagnose(err error) *diag.Diagnostic {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return s.withSource(d)
	}
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return &diag.Diagnostic{Level: diag.Error, Text: err.Error(), Err: err}
	}
	text := errorText(api)
	raised := error(api)
	if s.raised.err != nil && s.raised.text == text {
		raised = s.raised.err
	}
	if errors.As(raised, &d) && d.IsValid() {
		found := *s.withSource(d)
		if found.Detail == "" {
			found.Detail = cleanTraceback(api.StackTrace, found.Pos)
		}
		return &found
	}
	name, line, text := s.sources.cutPosition(text)
	if name == "" {
		// error("text", 0), and what is no text: the innermost function is the best that is known.
		name, line = s.sources.firstFrame(api.StackTrace)
	}
	d = &diag.Diagnostic{Pos: diag.Pos{File: name, Line: line}, Level: diag.Error, Text: text, Err: raised}
	if src := s.sources.named(name); src != nil {
		s.explain(src, d)
	}
	d.Detail = cleanTraceback(api.StackTrace, d.Pos)
	return d
}

// withSource returns d with the line that it is about, if that is one of a script.
func (s *Script) withSource(d *diag.Diagnostic) *diag.Diagnostic {
	src := s.sources.named(d.File)
	if d.Source != "" || src == nil || !d.IsValid() {
		return d
	}
	found := *d
	found.Source = src.line(d.Line)
	return &found
}

// shown returns err, which ends a run, with the line of the script that it is about.
func (s *Script) shown(err error) error {
	if d, ok := err.(*diag.Diagnostic); ok { // an error around it tells more
		return s.withSource(d)
	}
	return err
}

// explain adds to d what the text of its file tells.
func (s *Script) explain(src *source, d *diag.Diagnostic) {
	d.Source = src.line(d.Line)
	if d.Text == "attempt to call a non-function object" && s.explainCall(src, d) {
		return
	}
	if m := builtinName.FindStringSubmatch(d.Text); m != nil {
		d.Pos = src.pos(d.Line, m[1])
	}
}

// explainCall names what was called, if that is certain: the interpreter does not tell.
func (s *Script) explainCall(src *source, d *diag.Diagnostic) bool {
	var inLine []callSite
	for _, c := range src.names.calls {
		if c.line != d.Line {
			continue
		}
		if !s.exists(c, true) {
			*d = *s.unknownFunction(src, c)
			return true
		}
		inLine = append(inLine, c)
	}
	for _, c := range inLine {
		what := "no function"
		if c.global && s.globals().RawGetString(c.name) == lua.LNil && !strings.Contains(c.name, ".") {
			what = "nil at this time"
		} else if len(inLine) > 1 {
			continue
		}
		if strings.Contains(c.name, "?") { // t[k](), f()()
			d.Text = "attempt to call a value that is no function"
			return true
		}
		d.Text = "attempt to call " + c.name + ", which is " + what
		d.Pos = src.pos(d.Line, c.name)
		return true
	}
	return false
}

// builtinName matches the name of the builtin in "set_kind: expected a string, got nil".
var builtinName = regexp.MustCompile(`^([A-Za-z_][A-Za-z_0-9.]*): `)

// errorText returns what a Lua error says.
func errorText(err *lua.ApiError) string {
	if strings.HasSuffix(err.Object.String(), "callstack overflow") {
		return "stack overflow: functions call each other without an end"
	}
	if err.Type == lua.ApiErrorPanic {
		return "the interpreter gave up: " + err.Object.String()
	}
	switch v := err.Object.(type) {
	case *lua.LNilType:
		return "an error without a message"
	case lua.LString, lua.LNumber, wide:
		return v.String()
	default:
		return "an error that is " + describe(v)
	}
}

// madePosition matches what Lua puts before the text of an error in code that load made.
var madePosition = regexp.MustCompile(`^(\[string "[^\n]*?"\]):([0-9]+):(?:[0-9]+:)? `)

// filePosition matches the rest of a position behind the name of a file.
var filePosition = regexp.MustCompile(`^:([0-9]+):(?:[0-9]+:)? `)

// cutPosition takes the position off the text of a Lua error. What looks like one but names no source is text.
func (list sources) cutPosition(text string) (name string, line int, rest string) {
	if m := madePosition.FindStringSubmatch(text); m != nil {
		name, rest = m[1], text[len(m[0]):]
		line, _ = strconv.Atoi(m[2])
		return name, line, rest
	}
	for _, src := range list {
		behind, ok := strings.CutPrefix(text, src.name)
		if m := filePosition.FindStringSubmatch(behind); ok && m != nil {
			line, _ = strconv.Atoi(m[1])
			return src.name, line, behind[len(m[0]):]
		}
	}
	return "", 0, text
}
