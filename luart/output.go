package luart

import (
	"io"

	lua "github.com/yuin/gopher-lua"
)

// outputBuiltins write what scripts say. They work in both scopes.
var outputBuiltins = []builtin{
	{
		name: "print", scope: anywhere, call: (*Script).print,
		params: "...: any",
		text:   "Writes the arguments with tabs between them, and a newline.",
		example: `
print("a", 1)   --> a	1`,
	},
	{
		name: "os.print", scope: anywhere, call: (*Script).osPrint,
		params: "...: any",
		text:   "Writes the arguments without anything between them, and a newline. It shows what is in tables and events.",
		example: `
os.print("got ", {1, 2, name = "x"})   --> got {1, 2, name="x"}`,
	},
	{
		name: "io.write", scope: anywhere, call: (*Script).ioWrite,
		params: "...: string|number",
		text:   "Writes strings and numbers as they are.",
		example: `
io.write("a", 1, "\n")   --> a1`,
	},
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
