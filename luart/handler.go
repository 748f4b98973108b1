package luart

import (
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// handlerBuiltins set the functions that Run calls.
var handlerBuiltins = []builtin{
	{
		name: "on_event", scope: inDescription, call: (*Script).onEvent,
		params:    "fn: fun(event: event)|aggregation",
		overloads: []string{"stream: string, fn: fun(event: event)|aggregation"},
		text: "Calls fn for each record of a stream. stream is the name of a ring or perf buffer, of an iterator that writes records, or of a struct that comes through one, and is needed only where there are " +
			"several; without it fn takes what no other callback takes. An aggregation in place of fn takes the records that have its fields, without running any Lua; a stream may have several " +
			"of them beside a function.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", function(event)
        print(event.comm, event.pid)   --> producer	42
    end)`,
	},
	{
		name: "on_load", scope: inDescription, call: (*Script).onLoad,
		params: "fn: fun(handle: handle)",
		text:   "Calls fn once the target is loaded and attached, before its first event. fn is given what run returns.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_load(function() print("tracing") end)   --> tracing`,
	},
	{
		name: "on_exit", scope: inDescription, call: (*Script).onExit,
		params: "fn: fun(handle: handle)",
		text:   "Calls fn once the target is detached and all its events are dealt with. Its maps and variables can still be read.",
		example: `
local events = 0
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", function() events = events + 1 end)
    on_exit(function() print(events .. " events") end)   --> 1 events`,
	},
	{
		name: "on_lost", scope: inDescription, call: (*Script).onLost,
		params: "fn: fun(stream: string, n: integer)",
		text:   "Calls fn when the kernel had no room for n more records of a stream. It is called up to four times a second, and once in the end.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_lost(function(stream, n) print("lost " .. n .. " of " .. stream) end)`,
	},
	{
		name: "every", scope: inDescription, call: (*Script).every,
		params: "ms: number, fn: fun(handle: handle)",
		text: "Calls fn every ms milliseconds while the target runs. The times do not drift. A call that is due while the one before has not returned " +
			"is left out. fn may sleep and wait.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    every(100, function()
        print("a tenth of a second has passed")   --> a tenth of a second has passed
        stop()
    end)`,
	},
	{
		name: "on_signal", scope: inDescription, call: (*Script).onSignal,
		params: "name: string, fn: fun(name: string, handle: handle)",
		text: "Calls fn when the signal of that name, HUP, USR1, USR2, WINCH, CONT or ALRM, is sent to the process while the target runs. fn may sleep and wait. Signals that come before it has " +
			"returned make it run once more. INT and TERM end the run in order; see on_exit.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_signal("USR1", function(name) print("somebody sent " .. name) end)`,
	},
	{
		name: "screen", scope: inDescription, call: (*Script).setScreen,
		params: "ms: number, fn: fun(handle: handle)",
		text: "Calls fn every ms milliseconds while the target runs, and shows what it prints in place of what it printed before, as top does: as many lines as the terminal has. Where " +
			"output is no terminal it is written as it comes, with an empty line between two calls. fn may not sleep or wait.",
		example: `
local calls = count{by = "comm"}
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", calls)
    screen(500, function()
        print("files opened by:")
        calls:print(20)
        stop()
    end)
--> files opened by:
--> COMM      COUNT
--> producer      1`,
	},
	{
		name: "entry", scope: inDescription, call: (*Script).setEntry,
		params: "fn: fun(...: string)",
		text: "Calls fn with the arguments of ebpfx run. A project without an entry runs the targets that the arguments name, or else the default ones. The run ends when fn has " +
			"returned and nothing runs any more.",
		example: `
entry(function(name)
    print("hello " .. (name or "world"))   --> hello world
end)`,
	},
}

func (s *Script) onEvent(L *lua.LState) int {
	h := eventHandler{pos: s.here(L, "on_event")}
	var arguments []any
	named := L.GetTop() > 1
	if named {
		arguments = append(arguments, "stream", &h.stream)
	}
	if consumer, ok := L.Get(max(L.GetTop(), 1)).(recordConsumer); ok {
		h.consumer = consumer
		L.SetTop(L.GetTop() - 1)
	} else {
		arguments = append(arguments, "fn", &h.fn)
	}
	unpack(L, "on_event", arguments...)
	if named && h.stream == "" {
		L.RaiseError("on_event: the stream's name is empty")
	}
	set := &s.describe.settings().handlers
	if before := set.function(h.stream); before != nil && h.fn != nil {
		if h.stream == "" {
			L.RaiseError("on_event: a callback is already set at %v; name the stream to have several", before.pos)
		}
		L.RaiseError("on_event: a callback for %s is already set at %v", h.stream, before.pos)
	}
	set.events = append(set.events, h)
	return 0
}

func (s *Script) onLoad(L *lua.LState) int {
	return addFunction(L, "on_load", &s.describe.settings().handlers.load)
}

func (s *Script) onExit(L *lua.LState) int {
	return addFunction(L, "on_exit", &s.describe.settings().handlers.exit)
}

func (s *Script) onLost(L *lua.LState) int {
	return addFunction(L, "on_lost", &s.describe.settings().handlers.lost)
}

func addFunction(L *lua.LState, name string, list *[]*lua.LFunction) int {
	var fn *lua.LFunction
	unpack(L, name, "fn", &fn)
	*list = append(*list, fn)
	return 0
}

func (s *Script) every(L *lua.LState) int {
	return s.addTimer(L, "every", func(fn *lua.LFunction) *lua.LFunction { return fn })
}

// addTimer is name(ms, fn), a timer that calls what made makes of fn.
func (s *Script) addTimer(L *lua.LState, name string, made func(fn *lua.LFunction) *lua.LFunction) int {
	t := timer{pos: s.here(L, name)}
	var ms float64
	unpack(L, name, "ms", &ms, "fn", &t.fn)
	if math.IsNaN(ms) || ms <= 0 || ms > longestWait {
		L.RaiseError("%s: expected a number of milliseconds above 0, got %v", name, lua.LNumber(ms))
	}
	t.interval = max(time.Duration(ms*float64(time.Millisecond)), 1)
	t.fn = made(t.fn)
	handlers := &s.describe.settings().handlers
	handlers.timers = append(handlers.timers, t)
	return 0
}

func (s *Script) setEntry(L *lua.LState) int {
	var fn *lua.LFunction
	unpack(L, "entry", "fn", &fn)
	if s.entry != nil {
		L.RaiseError("entry: already set at %v; a project has one", s.entryPos)
	}
	s.entry, s.entryPos = fn, s.here(L, "entry")
	return 0
}
