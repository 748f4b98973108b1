package luart

import (
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// handlerBuiltins set the functions that Run calls.
var handlerBuiltins = []builtin{
	{"on_event", "[stream,] fn(event)", "call fn for each record of a stream: a map's or an event struct's name, needed only where there are several", inDescription, (*Script).onEvent},
	{"on_load", "fn()", "call fn once the target is loaded and attached", inDescription, (*Script).onLoad},
	{"on_exit", "fn()", "call fn once the target is detached", inDescription, (*Script).onExit},
	{"on_lost", "fn(stream, n)", "call fn when the kernel had no room for n records", inDescription, (*Script).onLost},
	{"every", "ms, fn()", "call fn again and again while the target runs", inDescription, (*Script).every},
	{"entry", "fn(...)", "call fn with the arguments of ebpfx run; without it the targets named by them are run", inDescription, (*Script).setEntry},
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
	if before := set.event(h.stream); before != nil {
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
	t := timer{pos: s.here(L, "every")}
	var ms float64
	unpack(L, "every", "ms", &ms, "fn", &t.fn)
	// The upper bound keeps the duration far from overflow: 1e11 ms are three years.
	if math.IsNaN(ms) || ms <= 0 || ms > 1e11 {
		L.RaiseError("every: expected a number of milliseconds above 0, got %v", lua.LNumber(ms))
	}
	t.interval = max(time.Duration(ms*float64(time.Millisecond)), 1)
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
