package luart

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"github.com/ebpfx/ebpfx/builder"
)

// LoadScript returns the Script of a project without targets whose entry is the file itself, so that Run executes it: with all functions
// that a project's functions have. What is wrong in its text comes back as Load says.
func LoadScript(ctx context.Context, file string, opts LoadOptions) (*Script, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", file, err)
	}
	s := newScript(&builder.Project{Dir: filepath.Dir(abs)}, opts)
	return s.loadUntil(ctx, displayPath(abs), func() error {
		fn, err := s.readChunk(s.state, abs)
		if err != nil {
			return err
		}
		return s.enterAt(fn)
	})
}

// LoadCode is LoadScript for code that comes from no file; name is what positions in it call it.
func LoadCode(ctx context.Context, name, code string, opts LoadOptions) (*Script, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	s := newScript(&builder.Project{Dir: dir}, opts)
	return s.loadUntil(ctx, name, func() error {
		fn, err := s.readCode(name, "", code)
		if err != nil {
			return err
		}
		return s.enterAt(fn)
	})
}

// readCode compiles code that comes from no file, behind prefix, and keeps its text for errors.
func (s *Script) readCode(name, prefix, code string) (*lua.LFunction, error) {
	whole := newSource(filepath.Join(s.project.Dir, name), prefix+code)
	whole.name = name
	fn, err := s.compile(s.state, whole)
	if err != nil {
		return nil, err
	}
	src := newSource(whole.path, code)
	src.name, src.names = name, whole.names
	if prefix == "" {
		src = whole
	}
	s.sources = append(s.sources, src)
	return fn, nil
}

// enterAt makes fn the entry of a script that describes nothing.
func (s *Script) enterAt(fn *lua.LFunction) error {
	if !s.sources[0].names.open {
		if err := s.checkCalls(false); err != nil {
			return err
		}
	}
	s.complete()
	s.entry = fn
	return nil
}

// Session executes Lua piece by piece, as at a prompt. It is not safe for concurrent use.
type Session struct {
	script *Script
	show   *lua.LFunction // (fn, skip) calls fn and prints what it returns, the first skip values excepted
	pieces int
}

// ErrIncomplete is the error of a piece of Lua that further lines may complete.
var ErrIncomplete = errors.New("the code goes on")

// showCode is the code of Session.show. All values are shown as os.print shows them.
const showCode = `local write = ... return function(fn, skip) return function() write(skip, fn()) end end`

// expression makes an expression a piece of code. As the last of several values a call keeps its place in the stack, where errors look for it.
const expression = "return nil, "

// NewSession returns a Session whose code is executed as inside of a project's functions.
func NewSession(opts LoadOptions) (*Session, error) {
	s, err := LoadCode(context.Background(), preludeName, showCode, opts) // in no traceback
	if err != nil {
		return nil, err
	}
	write := s.state.NewFunction(func(L *lua.LState) int {
		var line []byte
		first := 2 + L.CheckInt(1)
		for i := first; i <= L.GetTop(); i++ {
			if i > first {
				line = append(line, '\t')
			}
			line = s.appendValue(line, L, L.Get(i))
		}
		if L.GetTop() >= first {
			s.write(L, append(line, '\n'))
		}
		return 0
	})
	if err := s.state.CallByParam(lua.P{Fn: s.entry, NRet: 1, Protect: true}, write); err != nil {
		s.Close()
		return nil, err
	}
	session := &Session{script: s, show: s.state.Get(-1).(*lua.LFunction)}
	s.state.Pop(1)
	return session, nil
}

// Eval executes a piece of Lua and prints what it returns: a value of an expression too. The error is ErrIncomplete where
// further lines are missing, or else what Run returns; positions in the n-th piece are in [n]. As at Lua's own prompt, code may begin with "=".
func (e *Session) Eval(ctx context.Context, code string, opts RunOptions) error {
	s := e.script
	code = strings.TrimPrefix(code, "=")
	name := fmt.Sprintf("[%d]", e.pieces+1)
	skip := 1
	fn, err := s.readCode(name, expression, code)
	if err != nil {
		skip = 0
		if fn, err = s.readCode(name, "", code); err != nil {
			if isIncomplete(code) {
				return ErrIncomplete
			}
			return err
		}
	}
	e.pieces++
	if err := s.state.CallByParam(lua.P{Fn: e.show, NRet: 1, Protect: true}, fn, lua.LNumber(skip)); err != nil {
		return err
	}
	s.entry = s.state.Get(-1).(*lua.LFunction)
	s.state.Pop(1)
	return s.Run(ctx, nil, opts)
}

// isIncomplete reports whether code is wrong because it ends.
func isIncomplete(code string) bool {
	_, err := parse.Parse(strings.NewReader(code), "")
	var wrong *parse.Error
	return errors.As(err, &wrong) && wrong.Pos.Line == parse.EOF
}

// Complete returns what the last name of a line may become, without what stands before its last dot or colon, and where in
// line that begins.
func (e *Session) Complete(line string) (names []string, from int) {
	isPart := func(c byte) bool {
		return c == '_' || c == '.' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	start := len(line)
	for start > 0 && isPart(line[start-1]) {
		start--
	}
	path := line[start:]
	from = start + strings.LastIndexAny(path, ".:") + 1
	seen := make(map[string]bool)
	add := func(name string) {
		if strings.HasPrefix(name, line[from:]) && isName(name) {
			seen[name] = true
		}
	}
	s := e.script
	switch {
	case strings.Contains(path, ":"):
		for _, methods := range s.methods {
			for name := range methods {
				add(name)
			}
		}
	default:
		in := s.globals()
		for name := range strings.SplitSeq(strings.TrimSuffix(line[start:from], "."), ".") {
			if from == start {
				break
			}
			t, ok := in.RawGetString(name).(*lua.LTable)
			if !ok {
				return nil, from
			}
			in = t
		}
		in.ForEach(func(k, _ lua.LValue) { add(k.String()) })
	}
	return slices.Sorted(maps.Keys(seen)), from
}

// Close frees the Lua state.
func (e *Session) Close() { e.script.Close() }
