package luart

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
)

// handleBuiltins are the methods of what run returns.
var handleBuiltins = []builtin{
	{
		name: "handle:stop", scope: inScript, call: (*Script).handleStop,
		text: "Detaches what this call of run started. Unlike stop(name) it leaves alone what a later run of the same target started.",
		example: `
local opens = run("opensnoop")
opens:stop()`,
	},
	{
		name: "handle:stats", scope: inScript, call: (*Script).handleStats,
		returns: "{events: integer, lost: integer, lost_known: boolean, streams: table, programs: table}",
		text: "Returns what was counted until now: events and lost, of all streams and in streams.NAME; and in programs.NAME runs, ns (the time they took in all) and skipped. " +
			"lost_known is false where the kernel could not count all. The kernel measures programs from the first call on, or from the start after run(name, {stats = " +
			"true}), until the target ends; that costs each run of a program some ten nanoseconds.",
		example: `
local opens = run("opensnoop", {stats = true})
local stats = opens:stats()
print(stats.lost, stats.streams.events.lost)   --> 0	0
opens:stop()`,
	},
}

// newHandles returns the metatable of what run returns.
func (s *Script) newHandles() *lua.LTable {
	L := s.state
	mt := L.NewTable()
	methods := s.methods["handle"]
	mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		i := handled(L, "index")
		switch key := L.Get(2).String(); key {
		case "name":
			L.Push(lua.LString(i.target.Name))
		case "maps":
			L.Push(s.access.maps(i))
		case "globals":
			L.Push(s.access.globals(i))
		default:
			if fn := methods[key]; fn != nil {
				L.Push(fn)
			} else {
				L.Push(lua.LNil)
			}
		}
		return 1
	}))
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("target " + handled(L, "tostring").target.Name))
		return 1
	}))
	protect(mt)
	return mt
}

// newHandle returns what run returns for i.
func (l *loop) newHandle(i *instance) lua.LValue {
	return &lua.LUserData{Value: i, Env: l.script.state.Env, Metatable: l.handles}
}

// handled returns the instance behind argument 1.
func handled(L *lua.LState, method string) *instance {
	if h, ok := L.Get(1).(*lua.LUserData); ok {
		if i, ok := h.Value.(*instance); ok {
			return i
		}
	}
	L.RaiseError("%s: call it on what run returned, with a colon", method)
	return nil
}

// handleStop is handle:stop(). Unlike stop(name) it stops only what this run call started.
func (*Script) handleStop(L *lua.LState) int {
	handled(L, "stop").stop(true)
	return 0
}

// ended is the error of what is done with a target that has ended, in place of what package bpf says.
func (i *instance) ended(err error) error {
	if errors.Is(err, bpf.ErrClosed) {
		return fmt.Errorf("target %s has ended", i.target.Name)
	}
	return err
}

// handleStats is handle:stats().
func (s *Script) handleStats(L *lua.LState) int {
	i := handled(L, "stats")
	t := statsTable(L, i.kernel.Stats())
	t.RawSetString("streams", L.NewTable())
	for _, stream := range i.kernel.Streams() {
		L.SetField(t.RawGetString("streams"), stream.Name(), statsTable(L, i.kernel.StreamStats(stream)))
	}
	programs := L.NewTable()
	for _, p := range s.programStats(L, i) {
		of := L.CreateTable(0, 3)
		of.RawSetString("runs", unsignedValue(p.Runs))
		of.RawSetString("ns", signedValue(int64(p.Time)))
		of.RawSetString("skipped", unsignedValue(p.Skipped))
		programs.RawSetString(p.Name, of)
	}
	t.RawSetString("programs", programs)
	L.Push(t)
	return 1
}

func statsTable(L *lua.LState, stats bpf.Stats) *lua.LTable {
	t := L.CreateTable(0, 5)
	t.RawSetString("events", unsignedValue(stats.Events))
	t.RawSetString("lost", unsignedValue(stats.Lost))
	t.RawSetString("lost_known", lua.LBool(stats.LostKnown))
	return t
}

// programStats returns what the kernel measured, which it begins to if it did not; of a target that has ended what it measured last.
func (s *Script) programStats(L *lua.LState, i *instance) []bpf.ProgramStats {
	err := i.kernel.MeasurePrograms()
	if errors.Is(err, bpf.ErrClosed) {
		return i.measured
	}
	if err == nil {
		i.measures = true
		i.measured, err = i.kernel.ProgramStats()
	}
	if err != nil {
		s.raise(L, fmt.Errorf("stats: %w", err))
	}
	return i.measured
}
