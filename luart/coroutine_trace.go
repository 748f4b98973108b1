package luart

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxTraceback bounds the lines of a traceback. Of a deeper stack the outer functions are left out: to get to one of them
// takes the interpreter a step for each that is above it.
const maxTraceback = 20

func formatTraceback(lines []string) string {
	if len(lines) >= maxTraceback {
		lines = append(lines, "...")
	}
	return strings.Join(append([]string{"stack traceback:"}, lines...), "\n\t")
}

// stackTrace returns the calls in progress, in L and in the threads of the task that wait for it, innermost first, in the form of
// lua.ApiError.StackTrace.
func (s *scheduler) stackTrace(L *lua.LState) string {
	lines := frames(L, maxTraceback)
	if s.task != nil {
		for i := len(s.task.chain) - 1; i >= 0; i-- {
			threads := s.task.chain[i].threads
			for j := len(threads) - 1; j >= 0; j-- {
				if threads[j].state != L {
					lines = append(lines, frames(threads[j].state, maxTraceback-len(lines))...)
				}
			}
		}
	}
	return formatTraceback(lines)
}

// frames describes the script's functions on the stack of L, at most so many.
func frames(L *lua.LState, most int) []string {
	var lines []string
	for i := 0; len(lines) < most; i++ {
		dbg, ok := L.GetStack(i)
		if !ok {
			return lines
		}
		if !inScriptCode(L, dbg) {
			continue
		}
		name := dbg.Name
		if caller, ok := L.GetStack(i + 1); ok && !inScriptCode(L, caller) && caller.Source == preludeName {
			name = fmt.Sprintf("<%s:%d>", dbg.Source, dbg.LineDefined) // not what it is called in our code
		}
		switch {
		case strings.HasPrefix(name, "<"), strings.HasPrefix(name, "("):
			name = "function " + name
		case dbg.What != "main":
			name = "function '" + name + "'"
		}
		lines = append(lines, fmt.Sprintf("%s:%d: in %s", dbg.Source, dbg.CurrentLine, name))
	}
	return lines
}

// where returns "file:line: " of the script's innermost function on the stack of L, level calls above the running
// one or more, or "" if there is none.
func where(L *lua.LState, level int) string {
	for ; ; level++ {
		dbg, ok := L.GetStack(level)
		if !ok {
			return ""
		}
		if inScriptCode(L, dbg) {
			return fmt.Sprintf("%s:%d: ", dbg.Source, dbg.CurrentLine)
		}
	}
}

// reposition gives an error whose position is in our own Lua code that of the script's innermost function on the stack of
// L, if there is one.
func reposition(L *lua.LState, err lua.LValue) lua.LValue {
	text, ok := err.(lua.LString)
	if !ok || !strings.HasPrefix(string(text), preludeName+":") {
		return err
	}
	_, rest, _ := strings.Cut(string(text), ": ")
	return lua.LString(where(L, 0) + rest)
}

// inScriptCode fills dbg in, and reports whether it is a function of the script.
func inScriptCode(L *lua.LState, dbg *lua.Debug) bool {
	if _, err := L.GetInfo("nSl", dbg, lua.LNil); err != nil {
		return false
	}
	return dbg.Source != "" && dbg.Source != preludeName
}
