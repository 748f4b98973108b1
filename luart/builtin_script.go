package luart

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
)

// scriptBuiltins are the functions of the script scope.
var scriptBuiltins = []builtin{
	{
		name: "run", scope: inScript, call: (*Script).runTarget,
		params: "name: string, opts?: {stats?: boolean}", returns: "handle",
		text: "Builds a target if needed, loads and attaches it, and returns a handle without waiting for its end. Running a target that runs is an error. In entry " +
			"and in timers events keep flowing during the build. stats has the kernel measure the programs from the start, for handle:stats().",
		example: `
local opens = run("opensnoop")
print(opens.name)   --> opensnoop
opens:stop()`,
	},
	{
		name: "stop", scope: inScript, call: (*Script).stopTarget,
		params: "name?: string",
		text: "Detaches a target; no callback of it starts afterwards. Stopping what does not run changes nothing. Without a name everything is detached, and the run " +
			"ends.",
		example: `
run("opensnoop")
stop("opensnoop")
stop()`,
	},
	{
		name: "wait", scope: inScript, call: (*Script).waitTarget,
		params: "name?: string, ms?: number", overloads: []string{"ms: number"}, returns: "boolean",
		text: "Waits until a target has ended and its events are dealt with; without a name until all have. Events keep flowing meanwhile. With ms it waits no longer than so many " +
			"milliseconds, and returns false if the time was over first.",
		example: `
run("opensnoop")
print(wait("opensnoop", 5), wait(5))   --> false	false
stop("opensnoop")
print(wait("opensnoop"))   --> true
stop()`,
	},
	{
		name: "sleep", scope: inScript, call: (*Script).sleep,
		params: "ms: number",
		text:   "Waits ms milliseconds. Events keep flowing meanwhile.",
		example: `
sleep(20)`,
	},
	{
		name: "now", scope: inScript, call: (*Script).now,
		returns: "integer",
		text:    "Returns nanoseconds of the clock that bpf_ktime_get_ns() reads, which stands still while the machine sleeps.",
		example: `
local begin = now()
sleep(5)
print(now() - begin >= 5e6)   --> true`,
	},
	{
		name: "sort", scope: anywhere, call: (*Script).sortValue,
		params: "x: table|event, by?: string|fun(a: any, b: any): boolean", returns: "table|event",
		text: "Orders x in place and returns it: the fields of an event by name; a list by its elements, by a field of them (\"-field\" for descending), or by a function " +
			"that says whether its first argument comes first. Equal elements keep their order.",
		example: `
local rows = sort({{comm = "sh", n = 2}, {comm = "cat", n = 9}}, "-n")
print(rows[1].comm)   --> cat`,
	},
	{
		name: "os.exit", scope: inScript, call: (*Script).osExit,
		params: "code?: integer|boolean",
		text:   "Ends the run in order, with this exit code: 0 where nothing or true is given, 1 for false.",
		example: `
print("done")   --> done
os.exit(0)`,
	},
}

// suspendingBuiltins are those that wait.
var suspendingBuiltins = []string{"run", "wait", "sleep"}

// openScript makes the state ready for what runs in it: exact integers, events, and coroutines that can wait. It is called once, when the
// builtins are installed and before the first line of the script.
func (s *Script) openScript() {
	L := s.state
	openValues(L, s.methods)
	if lib, ok := L.GetGlobal("string").(*lua.LTable); ok {
		lib.RawSetString("format", L.NewFunction(new(formatter).stringFormat))
		s.openPatterns(lib)
		s.openStrings(lib)
		openTexts(L, lib)
	}
	if lib, ok := L.GetGlobal("table").(*lua.LTable); ok {
		s.openTables(lib)
	}
	s.values = newValues()
	s.access = s.newAccess(L)
	s.scheduler = newScheduler(L, s.raise)
	s.scheduler.openCoroutines(L)
	for _, name := range suspendingBuiltins {
		fn := L.GetGlobal(name).(*lua.LFunction)
		L.SetGlobal(name, s.scheduler.suspending(L, fn.GFunction))
	}
	s.openJSON()
	s.enum = L.NewTable()
	L.SetGlobal("enum", s.enum)
}

// addEnumerators puts enumerators of a target into enum. Where two targets have one name for two numbers, enum
// has that of the target which was started last.
func (s *Script) addEnumerators(enumerators map[string]int64) {
	for name, value := range enumerators {
		s.enum.RawSetString(name, signedValue(value))
	}
}

// target returns the target called name. It raises an error if there is none.
func (s *Script) target(L *lua.LState, name string) *builder.Target {
	t := s.project.Target(name)
	if t == nil {
		s.raise(L, noTarget(s.project, name))
	}
	return t
}

// noTarget is the error about a name that no target has.
func noTarget(p *builder.Project, name string) error {
	switch names := p.TargetNames(); len(names) {
	case 0:
		return fmt.Errorf("no target named %q (the project has none)", name)
	case 1:
		return fmt.Errorf("no target named %q (there is: %s)", name, names[0])
	default:
		return fmt.Errorf("no target named %q (there are: %s)", name, strings.Join(names, ", "))
	}
}

// runTarget is run(name). In entry and in timers it waits for the build while events keep flowing; in
// a callback everything waits.
func (s *Script) runTarget(L *lua.LState) int {
	var name string
	var opts *lua.LTable
	unpack(L, "run", "name", &name, "opts?", &opts)
	measure := false
	if opts != nil {
		unpackTable(L, "run", opts, "stats", &measure)
	}
	t := s.target(L, name)
	l := s.loop
	if l.active(t) {
		L.RaiseError("run: target %q is running already", name)
	}
	if l.ending {
		s.raise(L, fmt.Errorf("run %s: %w", name, errEnding))
	}
	if s.scheduler.canWait(L) {
		return s.scheduler.suspend(L, func(waiting *task) (outcome, bool) {
			l.startTarget(t, measure, func(i *instance, err error) {
				switch {
				case l.ending: // nothing goes on; an error is the end's doing, or comes second
				case err != nil:
					l.drive(waiting, outcome{cause: err})
				default:
					l.drive(waiting, outcome{values: []lua.LValue{i.handle}})
				}
			})
			return outcome{}, false
		})
	}
	i, err := l.startTargetNow(L, t, measure)
	switch {
	case s.scheduler.exiting: // on_load called os.exit
		L.Error(exitMark, 0)
	case err != nil:
		s.raise(L, err)
	}
	L.Push(i.handle)
	return 1
}

// stopTarget is stop([name]). Stopping what does not run changes nothing.
func (s *Script) stopTarget(L *lua.LState) int {
	if L.GetTop() == 0 {
		s.loop.end(true)
		return 0
	}
	var name string
	unpack(L, "stop", "name", &name) // nil is a mistake, not everything
	s.loop.stopTarget(s.target(L, name))
	return 0
}

// waitTarget is wait([name][, ms]). It returns at once where nothing of that name runs.
func (s *Script) waitTarget(L *lua.LState) int {
	var name string
	ms := math.Inf(1)
	switch _, number := L.Get(1).(lua.LNumber); {
	case L.GetTop() == 1 && number:
		unpack(L, "wait", "ms", &ms)
	case L.GetTop() > 0:
		unpack(L, "wait", "name", &name, "ms?", &ms)
		name = s.target(L, name).Name
	}
	if math.IsNaN(ms) || ms < 0 || ms > longestWait && !math.IsInf(ms, 1) {
		L.RaiseError("wait: expected a number of milliseconds from 0, got %v", lua.LNumber(ms))
	}
	s.mayWait(L, "wait")
	l := s.loop
	if !l.alive(name) {
		L.Push(lua.LTrue)
		return 1
	}
	return s.scheduler.suspend(L, func(t *task) (outcome, bool) {
		l.waiting = append(l.waiting, waiter{name, t})
		if !math.IsInf(ms, 1) {
			l.at(time.Now().Add(time.Duration(ms*float64(time.Millisecond))), func() { l.giveUp(t) })
		}
		return outcome{}, false
	})
}

// longestWait keeps durations far from overflow, in milliseconds: three years.
const longestWait = 1e11

// sleep is sleep(ms).
func (s *Script) sleep(L *lua.LState) int {
	var ms float64
	unpack(L, "sleep", "ms", &ms)
	if math.IsNaN(ms) || ms < 0 || ms > longestWait {
		L.RaiseError("sleep: expected a number of milliseconds from 0, got %v", lua.LNumber(ms))
	}
	s.mayWait(L, "sleep")
	return s.loop.sleep(L, time.Duration(ms*float64(time.Millisecond)))
}

// osExit is os.exit([code]).
func (s *Script) osExit(L *lua.LState) int {
	var code lua.LValue = lua.LNumber(0)
	unpack(L, "os.exit", "code?", &code)
	l := s.loop
	switch code := code.(type) {
	case lua.LBool:
		if !code {
			l.exitCode = 1
		}
	case lua.LNumber:
		if code != lua.LNumber(byte(code)) {
			L.RaiseError("os.exit: expected a code from 0 to 255, got %v", code)
		}
		l.exitCode = int(code)
	default:
		L.RaiseError("os.exit: %v", expected("a number", code))
	}
	l.end(true)
	s.scheduler.exiting = true
	L.Error(exitMark, 0)
	return 0
}

// exitMark is what os.exit raises: a value that is nobody's.
var exitMark = &lua.LUserData{Metatable: lua.LNil}
