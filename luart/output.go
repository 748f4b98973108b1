package luart

import (
	"fmt"
	"io"
	"math"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/readable"
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
		name: "printf", scope: anywhere, call: (*Script).printf,
		params: "format: string, ...: any",
		text: "Writes a format with its arguments filled in, as string.format does, without a newline of its own. %s shows what is in tables and events; %t shows the time of day at " +
			"which bpf_ktime_get_ns() returned a number, to the microsecond; %.8t leaves the fraction of the second out.",
		example: `
printf("%-8s %5.1f%% %s\n", "sh", 12.34, {1, 2})   --> sh        12.3% {1, 2}
printf("%d\n", 18446744073709551615)   --> 18446744073709551615`,
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

// printf is printf(format, ...).
func (s *Script) printf(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.RaiseError("printf: missing argument format")
	}
	if _, ok := L.Get(1).(lua.LString); !ok {
		L.RaiseError("printf: %v", expected("a string", L.Get(1)))
	}
	s.write(L, s.printed.call(L, "printf"))
	return 0
}

// newPrintf returns what fills in the formats of printf, with conversions beside those of string.format.
func (s *Script) newPrintf() formatter {
	return formatter{conversions: map[byte]func(dst []byte, L *lua.LState, v lua.LValue) ([]byte, error){
		's': func(dst []byte, L *lua.LState, v lua.LValue) ([]byte, error) { return s.appendValue(dst, L, v), nil },
		't': appendTime,
	}}
}

// appendTime appends the time of day at which bpf_ktime_get_ns() returned v.
func appendTime(dst []byte, _ *lua.LState, v lua.LValue) ([]byte, error) {
	i, ok := integerOf(v)
	if !ok {
		return nil, expected("a number of nanoseconds", v)
	}
	if i.neg || i.mag > math.MaxInt64 {
		return nil, fmt.Errorf("%v is no time of the clock of bpf_ktime_get_ns", v)
	}
	return readable.Moment(int64(i.mag)).AppendFormat(dst, "15:04:05.000000"), nil
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
