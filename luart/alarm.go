package luart

import (
	"errors"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// Lua that never comes back can only be ended from inside: the interpreter looks at nothing else, unless it has a context, which
// slows every instruction. So instrument puts a look of our own where code can go on for ever: to where there are jumps back, and to
// the beginning of each function that may call itself. Functions of ours that may run for long look by themselves.

// alarm ends the Lua that runs. Any goroutine may ring it.
type alarm struct {
	rung   atomic.Bool
	answer func() // called on the goroutine that runs Lua, in the middle of it; raises
}

// Type says to go on, unless the alarm has rung.
func (a *alarm) Type() lua.LValueType {
	a.check()
	return goOn
}

func (*alarm) String() string { return "(alarm)" }

// check does not return if the alarm has rung.
func (a *alarm) check() {
	if a.rung.Load() {
		a.answer()
	}
}

// errCut is the cause of the error about Lua that had to be ended.
var errCut = errors.New("ended by the alarm")

// answerAlarm ends the Lua that runs, for the reason that the guard has. No protected call of the script holds that up.
func (s *Script) answerAlarm() {
	L := s.scheduler.running
	if !s.scheduler.exiting {
		s.cut = nil
		if text := s.guard.reason(); text != "" {
			s.cut = s.diagnose(&lua.ApiError{
				Type:       lua.ApiErrorRun,
				Object:     lua.LString(where(L, 0) + text),
				StackTrace: s.scheduler.stackTrace(L),
			})
			s.cut.Err = errCut
		}
		s.scheduler.exiting = true
	}
	L.Error(exitMark, 0)
}
