package luart

import (
	"io"

	lua "github.com/yuin/gopher-lua"
)

// outputBuiltins write what scripts say. They work in both scopes.
var outputBuiltins = []builtin{
	{"print", "...", "write the arguments with tabs between them, and a newline", anywhere, (*Script).print},
	{"io.write", "...", "write strings and numbers as they are", anywhere, (*Script).ioWrite},
}

func (s *Script) print(L *lua.LState) int {
	var line []byte
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			line = append(line, '\t')
		}
		line = append(line, L.ToStringMeta(L.Get(i)).String()...)
	}
	s.write(L, append(line, '\n'))
	return 0
}

func (s *Script) ioWrite(L *lua.LState) int {
	var text []byte
	for i := 1; i <= L.GetTop(); i++ {
		switch v := L.Get(i).(type) {
		case lua.LString, lua.LNumber, wide:
			text = append(text, v.String()...)
		default:
			L.RaiseError("io.write: argument %d: %v", i, expected("a string or a number", v))
		}
	}
	s.write(L, text)
	return 0
}

// write sends text to where the script's output goes. An error ends the script, unless it is caught.
func (s *Script) write(L *lua.LState, text []byte) {
	n, err := s.stdout.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	if err != nil {
		s.raise(L, err)
	}
}
