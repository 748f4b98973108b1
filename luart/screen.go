package luart

import (
	"bytes"

	lua "github.com/yuin/gopher-lua"
)

// screen draws what a function prints again and again in the same place of a terminal.
type screen struct {
	script *Script
	fn     *lua.LFunction
	drawn  bool
}

// Sequences of ECMA-48 and of xterm, which every terminal of today knows.
const (
	clearScreen  = "\x1b[2J"
	toTopLeft    = "\x1b[H"
	clearToEnd   = "\x1b[K" // of the line
	clearBelow   = "\x1b[J"
	cutLongLines = "\x1b[?7l" // in place of going on in the next line
	wrapLines    = "\x1b[?7h"
)

// draw calls the function and shows what it printed: in place of what it printed before, as many lines as the terminal has, or behind it where there
// is no terminal.
func (d *screen) draw(L *lua.LState) int {
	s := d.script
	var text bytes.Buffer
	stdout := s.stdout
	s.stdout = &text
	defer func() { s.stdout = stdout }() // also when the function raises an error
	handle := L.Get(1)
	L.Push(d.fn)
	L.Push(handle)
	L.Call(1, 0)
	s.stdout = stdout

	_, height := s.screenSize()
	if height == 0 {
		if d.drawn {
			s.write(L, []byte{'\n'})
		}
		s.write(L, text.Bytes())
	} else {
		s.write(L, d.frame(text.Bytes(), height))
	}
	d.drawn = true
	return 0
}

// frame returns text as a terminal of that height shows it. The last line is left free, so that nothing scrolls.
func (d *screen) frame(text []byte, height int) []byte {
	var frame []byte
	if !d.drawn {
		frame = append(frame, clearScreen...)
	}
	frame = append(frame, toTopLeft+cutLongLines...)
	lines := 0
	for line := range bytes.Lines(text) {
		if lines++; lines >= height {
			break
		}
		// Not behind the line: there the cursor may stand on its last character.
		frame = append(frame, clearToEnd...)
		frame = append(frame, bytes.TrimSuffix(line, []byte{'\n'})...)
		frame = append(frame, '\n')
	}
	return append(frame, clearBelow+wrapLines...)
}

// setScreen is screen(ms, fn).
func (s *Script) setScreen(L *lua.LState) int {
	return s.addTimer(L, "screen", func(fn *lua.LFunction) *lua.LFunction {
		return s.state.NewFunction((&screen{script: s, fn: fn}).draw)
	})
}
