package luart

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
)

// callers call the builtins of a script from Lua code, as scripts do.
type callers struct {
	s      *Script
	fn     *lua.LFunction // (f, ...) calls f(...)
	values []lua.LValue
}

// withCallers loads a script whose file calls fn in the description scope and then, if run is set, in the script scope.
func withCallers(tb testing.TB, run bool, fn func(c *callers)) {
	dir := writeProject(tb, map[string]string{"project.lua": "entry(hostile) hostile()"})
	s := newScript(&builder.Project{Dir: dir}, LoadOptions{Stdout: io.Discard})
	defer s.Close()
	s.state.SetGlobal("hostile", s.state.NewFunction(func(*lua.LState) int {
		c := &callers{s: s}
		src := newSource("", "return function(f, ...) local value = f(...) return value end")
		src.name = `[string "caller"]`
		make, err := s.compile(s.state, src)
		if err != nil {
			tb.Fatal(err)
		}
		s.state.Push(make)
		s.state.Call(0, 1)
		c.fn = s.state.Get(-1).(*lua.LFunction)
		s.state.Pop(1)
		c.values = hostileValues(tb, s)
		fn(c)
		return 0
	}))
	if err := s.load(filepath.Join(dir, "project.lua")); err != nil {
		tb.Fatal(err)
	}
	if !run {
		return
	}
	s.scope = inScript
	err := s.Run(tb.Context(), nil, RunOptions{
		Timeout: time.Minute,
		Build: func(context.Context, *builder.Target) (string, error) {
			return "", errors.New("there is nothing to build")
		},
	})
	if err != nil {
		tb.Error(err)
	}
}

// call calls a builtin. A Lua error that says where it was raised is a good answer, a panic of Go is none.
func (c *callers) call(tb testing.TB, b builtin, args ...lua.LValue) {
	tb.Helper()
	var fn lua.LValue
	if class, method, ok := strings.Cut(b.name, ":"); ok {
		fn = c.s.methods[class][method]
	} else if library, name, ok := strings.Cut(b.name, "."); ok {
		fn = c.s.state.GetField(c.s.state.GetGlobal(library), name)
	} else {
		fn = c.s.state.GetGlobal(b.name)
	}
	err := c.s.state.CallByParam(lua.P{Fn: c.fn, NRet: 1, Protect: true}, append([]lua.LValue{fn}, args...)...)
	if err == nil {
		c.s.state.Pop(1)
		return
	}
	var raised *lua.ApiError
	if !errors.As(err, &raised) || raised.Type == lua.ApiErrorPanic {
		tb.Errorf("%s%s: %v", b.name, describeAll(args), err)
	} else if text := raised.Object.String(); !strings.Contains(text, ":1: ") {
		tb.Errorf("%s%s: the error has no position: %s", b.name, describeAll(args), text)
	}
}

func describeAll(args []lua.LValue) string {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = typeName(a) + " " + clip(a.String())
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// ending are builtins that may take their time, or end the run, with arguments that are right.
var ending = []string{"os.exit", "stop"}

// callable returns the builtins that may be called in the scope that the script is in, and others, which say that they may not.
func (c *callers) callable() []builtin {
	return slices.DeleteFunc(builtins(), func(b builtin) bool { return slices.Contains(ending, b.name) })
}

// hostileValues returns values of all types, of which few are what any function expects.
func hostileValues(tb testing.TB, s *Script) []lua.LValue {
	L := s.state
	list := func(values ...lua.LValue) *lua.LTable {
		t := L.NewTable()
		for i, v := range values {
			t.RawSetInt(i+1, v)
		}
		return t
	}
	with := func(name string, v lua.LValue) *lua.LTable {
		t := L.NewTable()
		t.RawSetString(name, v)
		return t
	}
	cyclic := list()
	cyclic.RawSetInt(1, cyclic)
	deep := list()
	for range 1000 {
		deep = list(deep)
	}
	values := []lua.LValue{
		lua.LNil, lua.LTrue, lua.LFalse,
		lua.LNumber(0), lua.LNumber(-1), lua.LNumber(0.5), lua.LNumber(3), lua.LNumber(1e300), lua.LNumber(-1e300), lua.LNumber(math.NaN()),
		lua.LNumber(math.Inf(1)), lua.LNumber(math.Inf(-1)), lua.LNumber(1 << 53), unsignedValue(math.MaxUint64), signedValue(math.MinInt64),
		lua.LString(""), lua.LString("comm"), lua.LString("-n"), lua.LString("\xff\xfe\x00"), lua.LString(strings.Repeat("%99.99d", 50)), lua.LString("1e999"),
		list(), list(lua.LNumber(1), lua.LNumber(2)), list(lua.LString("a"), lua.LNumber(2)), list(lua.LNumber(math.NaN())), cyclic, deep,
		with("by", lua.LString("comm")), with("by", list(list())), with("max_keys", lua.LNumber(-5)), with("max_keys", lua.LNumber(1e18)), with("of", lua.LTrue),
		with("step", lua.LNumber(math.NaN())), with("at", list(lua.LNumber(7))), with("comm", cyclic),
		L.NewFunction(func(*lua.LState) int { return 0 }),
		L.NewFunction(func(L *lua.LState) int { L.RaiseError(":1: on purpose"); return 0 }),
		&lua.LUserData{Metatable: lua.LNil}, L.GetGlobal("string"),
	}
	event := hostileEvent(tb, s)
	values = append(values, event, event.at(event.layout.index["list"]), s.makeAggregation(L, "count", 0, nil), new(mapping))
	co := L.GetGlobal("coroutine").(*lua.LTable).RawGetString("create")
	L.Push(co)
	L.Push(L.NewFunction(func(*lua.LState) int { return 0 }))
	L.Call(1, 1)
	values = append(values, L.Get(-1))
	L.Pop(1)
	return values
}

// Every function and method takes whatever it is given in any of its first places: what is wrong is an error at the call.
func TestHostileArguments(t *testing.T) {
	withCallers(t, true, func(c *callers) {
		for _, b := range c.callable() {
			c.call(t, b)
			for _, v := range c.values {
				c.call(t, b, v)
				for _, w := range c.values {
					c.call(t, b, v, w)
				}
				c.call(t, b, c.values[len(c.values)-4], v, lua.LNil, v)
				c.call(t, b, v, v, v, v, v, v)
			}
		}
	})
}

// FuzzArguments calls functions with values that the input chooses and makes.
func FuzzArguments(f *testing.F) {
	f.Add([]byte{1, 2, 3}, "comm", 0.5)
	f.Add([]byte{40, 7, 7, 7}, "%s %d %t", math.Inf(-1))
	f.Add([]byte{60, 43, 41, 0}, "\xff{\"a\":[1e999]}", 1e18)
	f.Fuzz(func(t *testing.T, choice []byte, text string, number float64) {
		withCallers(t, false, func(c *callers) {
			all := slices.DeleteFunc(c.callable(), func(b builtin) bool { return b.name == "includes" }) // reads whatever folder it is told
			values := append(c.values, lua.LString(text), lua.LNumber(number), unsignedValue(math.Float64bits(number)))
			made := c.s.state.NewTable()
			made.RawSetString(text, lua.LNumber(number))
			made.RawSetInt(1, lua.LString(text))
			values = append(values, made)
			for len(choice) > 0 {
				b := all[int(choice[0])%len(all)]
				var args []lua.LValue
				for _, pick := range choice[1:min(len(choice), 5)] {
					args = append(args, values[int(pick)%len(values)])
				}
				c.call(t, b, args...)
				choice = choice[min(len(choice), 5):]
			}
		})
	})
}

// hostileEvent returns an event that is cut short within its last fields.
func hostileEvent(tb testing.TB, s *Script) *record {
	return s.values.event(s.values.layout(sampleType(tb)), make([]byte, 78)).(*record)
}
