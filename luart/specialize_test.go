package luart

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// Only callbacks that do no more with their event than to read it are compiled anew, and then read what they need.
func TestSpecialize(t *testing.T) {
	const no = "-"
	for _, test := range []struct{ body, reads string }{
		{``, ``},
		{`sum = sum + event.pid`, `pid`},
		{`sum = sum + event.pid + event.ret + event.pid`, `pid ret`},
		{`counts[event.comm] = (counts[event.comm] or 0) + 1`, `comm`},
		{`print(event.at.x, event.at.y, event.addr.v4)`, `at.x at.y addr.v4`},
		{`print(event.cookie, event.ok, event.ratio, event.ptr, event.high)`, `cookie ok ratio ptr high`},
		{`print(event.nothing, event.nothing.more, event.comm.nothing)`, `nothing comm`},
		{`print(event.comm:upper())`, `comm`},
		{`event.pid()`, `pid`},
		{`local event = {pid = 1} event.pid = 2 print(event)`, ``},
		{`do local e = 5 for event = 1, 2 do print(event) end end print(event.pid)`, `pid`},
		{`return function() return event.pid end`, `pid`},
		{`string.gsub('abc', 'b', function(k) print(k, event.pid) end)`, `pid`},
		{`::again:: if event.pid > 5 and sum < 3 then sum = sum + 1 goto again end`, `pid`},
		{`for i = 1, event.pid do if i > event.ret then break end end`, `pid ret`},
		{`while event.ok do return event.pid, event.comm end`, `ok pid comm`},
		{`coroutine.wrap(function() print(event.pid) end)()`, `pid`},
		{`(function(...) print(event.pid, ...) end)(event.ret)`, `pid ret`},
		{`print(event["pid"])`, `pid`},

		{`print(event)`, no},
		{`last = event`, no},
		{`last = {event}`, no},
		{`last = {[event] = 1}`, no},
		{`local e = event print(e.pid)`, no},
		{`return event`, no},
		{`return event.pid, event`, no},
		{`return event.at`, no},
		{`print(event.list[1])`, no},
		{`print(#event)`, no},
		{`print(event .. "")`, no},
		{`print(event == last)`, no},
		{`print(not event)`, no},
		{`event()`, no},
		{`event.pid = 5`, no},
		{`event.at.x = 5`, no},
		{`event.pid, sum = 5, 6`, no},
		{`event = {}`, no},
		{`event = nil print(event.pid)`, no},
		{`function event() end`, no},
		{`function event.pid() end`, no},
		{`function event:pid() end`, no},
		{`for k, v in pairs(event) do print(k) end`, no},
		{`print(event[key])`, no},
		{`print(event[1])`, no},
		{`print(event:totable())`, no},
		{`print(event:name("verdict"))`, no},
		{`print(event.totable)`, no},
		{`return function() return event end`, no},
		{`sum = sum + (function() return event end)().pid`, no},
		{`if event then print(event.pid) end`, no},
		{`print((event).pid, (event))`, no},
	} {
		s, err := loadText(t, "sum, counts = 0, {}\nfunction callback(event) "+test.body+" end", LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fn := s.state.GetGlobal("callback").(*lua.LFunction)
		got := no
		if c := s.specialize(fn, s.values.layout(sampleType(t))); c != nil {
			names := c.fn.Proto.DbgLocals[:len(c.fields)]
			list := make([]string, len(names))
			for i, n := range names {
				list[i] = strings.TrimSuffix(strings.TrimPrefix(n.Name, "(event."), ")")
			}
			got = strings.Join(list, " ")
		}
		if got != test.reads {
			t.Errorf("%s: reads %s, want %s", test.body, got, test.reads)
		}
	}
}

// Functions that take more than an event, and those that no text shows alone, are told apart from those that can be compiled anew.
func TestSpecializeParameters(t *testing.T) {
	for text, want := range map[string]bool{
		`function callback(event) return event.pid end`:                                                              true,
		`callback = function(event, more) return event.pid, more end`:                                                true,
		`callback = function(event, event) return event.pid end`:                                                     true,
		`local a, b = function() end, function() end function callback(event) return b, event.pid end`:               true,
		"local up = 1\ncallback = (function() local deep = 2 return function(e) return e.pid + deep + up end end)()": true,
		`function callback() return 1 end`:                                                                           false,
		`function callback(...) return ... end`:                                                                      false,
		`function callback(event, ...) return event.pid end`:                                                         false,
		`local t = {} function t:cb(e) return self.pid end callback = t.cb`:                                          false,
		`callback = loadstring("return function(e) return e.pid end")()`:                                             false,
		`callback = coroutine.wrap(function(e) return e.pid end)`:                                                    false,
	} {
		s, err := loadText(t, text, LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fn := s.state.GetGlobal("callback").(*lua.LFunction)
		if got := s.specialize(fn, s.values.layout(sampleType(t))) != nil; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// What debug.getlocal shows of a callback is its event.
func TestSpecializeUnderInspection(t *testing.T) {
	const callback = `function callback(event) peek() return event.pid end `
	for peek, want := range map[string]bool{
		`function peek() end`:                                         true,
		`function peek() print(debug.getlocal(2, 1)) end`:             false,
		`local d = debug function peek() print(d.getlocal(2, 1)) end`: false,
		`function peek() print(_G["debug"].getlocal(2, 1)) end`:       false,
	} {
		s, err := loadText(t, callback+peek, LoadOptions{AllowHost: true})
		if err != nil {
			t.Fatal(err)
		}
		fn := s.state.GetGlobal("callback").(*lua.LFunction)
		if got := s.specialize(fn, s.values.layout(sampleType(t))) != nil; got != want {
			t.Errorf("%s: %v, want %v", peek, got, want)
		}
	}
}

// callbackRun is a script whose callback can be called with events.
type callbackRun struct {
	*Script
	row  typeRoute
	told strings.Builder
}

func newCallbackRun(tb testing.TB, text string, fast bool) *callbackRun {
	tb.Helper()
	s, err := loadText(tb, "note, two, spent = nil "+text, LoadOptions{})
	if err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
	r := &callbackRun{Script: s}
	l := s.values.layout(sampleType(tb))
	fn := s.state.GetGlobal("callback").(*lua.LFunction)
	r.row = typeRoute{typ: l.Type, layout: l, callbacks: []callback{{fn: fn}}}
	if fast {
		r.row.callbacks[0].specialized = s.specialize(fn, l)
	}
	steps := 0
	s.state.SetGlobal("note", s.state.NewFunction(func(L *lua.LState) int { r.tell(L); return min(L.GetTop(), 1) }))
	s.state.SetGlobal("two", s.state.NewFunction(func(L *lua.LState) int { L.Push(lua.LNumber(1)); L.Push(lua.LNumber(2)); return 2 }))
	s.state.SetGlobal("spent", s.state.NewFunction(func(L *lua.LState) int { steps++; L.Push(lua.LBool(steps > 20)); return 1 }))
	return r
}

// tell notes the values on the stack, without what differs from run to run.
func (r *callbackRun) tell(L *lua.LState) {
	for i := 1; i <= L.GetTop(); i++ {
		switch v := L.Get(i); v.Type() {
		case lua.LTTable, lua.LTFunction:
			fmt.Fprint(&r.told, v.Type(), " ")
		default:
			fmt.Fprint(&r.told, v, " ")
		}
	}
	fmt.Fprintln(&r.told)
}

// deliver calls the callback with records.
func (r *callbackRun) deliver(records [][]byte) string {
	L := r.state
	for _, record := range records {
		fn := L.NewFunction(func(L *lua.LState) int { r.row.call(L, r.values, record); return 0 })
		L.Push(fn)
		if err := L.PCall(0, 0, nil); err != nil {
			d := r.diagnose(err)
			fmt.Fprintln(&r.told, d, d.Detail)
		}
	}
	return strings.ReplaceAll(r.told.String(), r.project.Dir, "")
}

// callbackText writes a random script with a callback that mostly reads fields.
func callbackText(seed int64) string {
	p := &program{Rand: rand.New(rand.NewSource(seed))}
	p.WriteString("local up, kept, other = 0, {}, 9\nfunction callback(event)\n")
	reads := []string{
		"event.pid", "event.ret", "event.cookie", "event.delta", "event.verdict", "event.ok", "event.small", "event.low", "event.high",
		"event.comm", "event.at.x", "event.at.y", "event.addr.v4", "event.ptr", "event.ratio", "event.type", "event.nothing", "event.comm.x",
	}
	uses := []string{
		"event", "event.at", "event.list", "event.list[2]", "event:name('verdict')", "tostring(event)", "event.addr.bytes", "next(event)",
		"(pcall(function() event.pid = 1 end))", "(function() return event.pid end)()", "(function() return event end)().ret", "event:totable().pid",
		"event.nothing.more", "event.missing()",
	}
	for range 1 + p.Intn(4) {
		p.locals = append(p.locals, reads[p.Intn(len(reads))])
	}
	if p.Intn(3) == 0 {
		p.locals = append(p.locals, uses[p.Intn(len(uses))])
	}
	p.own = len(p.locals)
	p.locals = append(p.locals, "up", "other")
	p.stmts()
	if p.Intn(8) == 0 {
		p.WriteString([]string{"event = {pid = 1}\n", "event.pid = 4\n", "kept[1] = event\n", "kept[#kept + 1] = function() return event.pid end\n"}[p.Intn(4)])
		p.stmts()
	}
	p.WriteString("note(up, other, #kept, kept[1] and type(kept[1]) == 'function' and kept[1]())\nend\n")
	return p.String()
}

// cuts are records as they are, and too short for their type.
func cuts() [][]byte {
	record := sampleRecord()
	other := sampleRecord()
	for i := range other {
		other[i] ^= byte(i * 7)
	}
	return [][]byte{record, other, record[:62], record[:0], record, other[:40]}
}

func compareCallback(tb testing.TB, text string) (fast bool) {
	tb.Helper()
	safe, quick := newCallbackRun(tb, text, false), newCallbackRun(tb, text, true)
	want, got := safe.deliver(cuts()), quick.deliver(cuts())
	if got != want {
		tb.Fatalf("got\n%s\nwant\n%s\nof\n%s", got, want, text)
	}
	return quick.row.callbacks[0].specialized != nil
}

// Whichever way a callback takes, it does the same.
func TestSpecializeKeepsMeaning(t *testing.T) {
	const scripts = 600
	fast := 0
	for seed := range int64(scripts) {
		if compareCallback(t, callbackText(seed)) {
			fast++
		}
	}
	if fast < scripts/4 || fast > scripts*9/10 {
		t.Errorf("%d of %d callbacks were specialized, which tests one way alone", fast, scripts)
	}
}

func FuzzSpecialize(f *testing.F) {
	for seed := range int64(10) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed int64) { compareCallback(t, callbackText(seed)) })
}

// Environments, tracebacks, what is kept of an event, and numbers beyond those that a number of Lua holds.
func TestSpecializeExamples(t *testing.T) {
	for name, text := range map[string]string{
		"setfenv inside": `local n = 0 function callback(event)
			n = n + 1
			note(event.pid, x)
			if n == 1 then setfenv(1, {note = note, x = "mine", callback = callback, setfenv = setfenv}) end
		end`,
		"setfenv outside": `local n = 0 local function other(f) setfenv(f, {note = note, x = "theirs"}) end
		function callback(event)
			n = n + 1
			if n == 2 then other(callback) end
			note(event.pid, x)
		end`,
		"traceback": `local function inner(n) error("broken " .. n) end
		function callback(event)
			inner(event.pid)
		end`,
		"error of the callback itself": `function callback(event)
			local x = event.comm + event.pid
		end`,
		"debug.traceback": `function callback(event) note(debug.traceback(event.comm)) end`,
		"own recursion":   `function callback(event) if event.pid > 1 then callback({pid = 1, ret = 5}) end note(event.pid, event.ret) end`,
		"comparisons": `function callback(event)
			note(event.cookie < 5, event.cookie > event.delta, event.pid < event.cookie, 18446744073709551611 <= event.cookie, event.ptr >= 1)
			note(event.pid < 5, event.ret >= -2, event.comm < "c", event.high <= event.low, event.ratio < event.small)
		end`,
		"comparison of a boolean": `function callback(event) note(event.ok < 1) end`,
		"comparison of text":      `function callback(event) note(event.comm < 1) end`,
		"comparison of nothing":   `function callback(event) note(event.nothing < 1) end`,
		"kept numbers":            `local kept = {} function callback(event) kept[#kept + 1] = event.pid note(unpack(kept)) end`,
		"a parameter more":        `function callback(event, x, y) x = event.pid note(x, y) end`,
		"more locals than fit": `function callback(event) note(event.pid, event.cookie, event.delta, event.verdict, event.ok, event.small, event.low, event.high) ` +
			strings.Repeat("local a = event.ret ", 195) + ` note(a) end`,
	} {
		t.Run(name, func(t *testing.T) { compareCallback(t, text) })
	}
}
