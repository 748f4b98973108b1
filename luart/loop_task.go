package luart

import (
	"errors"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// spawn begins a task that calls fn, which what names in errors. ended is called when it ended, unless os.exit unwound it or the end of the run.
func (l *loop) spawn(what string, fn *lua.LFunction, args []lua.LValue, ended func(err error)) {
	t := &task{what: what, ended: func(out outcome) {
		if out.err != nil {
			ended(l.script.diagnose(out.err))
			return
		}
		ended(nil)
	}, cut: ended}
	t.enter(l.script.scheduler.newCoroutine(fn))
	l.tasks++
	l.drive(t, outcome{values: args})
}

// drive lets a task go on with in.
func (l *loop) drive(t *task, in outcome) {
	s := l.script
	l.guard.enter(t.what, true)
	out, ended := s.scheduler.drive(s.state, t, in)
	l.guard.leave()
	if !ended {
		return
	}
	l.tasks--
	if s.scheduler.exiting { // what is raised until here is the unwinding
		if err := l.unwound(); err != nil {
			t.cut(err)
		}
		return
	}
	t.ended(out)
}

// sleep lets the running task wait for d.
func (l *loop) sleep(L *lua.LState, d time.Duration) int {
	return l.script.scheduler.suspend(L, func(t *task) (outcome, bool) {
		l.at(time.Now().Add(d), func() { l.drive(t, outcome{}) })
		return outcome{}, false
	})
}

// mayWait raises an error where the builtin fn cannot wait.
func (s *Script) mayWait(L *lua.LState, fn string) {
	switch {
	case s.scheduler.canWait(L):
	case s.scheduler.inCallback():
		L.RaiseError("%s: a callback cannot wait, for events would pile up behind it; wait in entry(function() ... end) or use every(ms, fn)", fn)
	default:
		L.RaiseError("%s: %s", fn, betweenCalls)
	}
}

// errEnding is why nothing can be started any more.
var errEnding = errors.New("the run is ending")

// waiter is a task in wait.
type waiter struct {
	target string // "": all of them
	task   *task
}

// wakeWaiters lets those tasks go on whose targets have ended. Only the loop itself calls it, so that no task
// goes on in the middle of another one or of a callback.
func (l *loop) wakeWaiters() {
	var ready, rest []waiter
	for _, w := range l.waiting {
		if l.alive(w.target) {
			rest = append(rest, w)
		} else {
			ready = append(ready, w)
		}
	}
	l.waiting = rest
	for _, w := range ready {
		l.drive(w.task, outcome{values: []lua.LValue{lua.LTrue}})
	}
}

// giveUp lets a task in wait go on, if it still waits: its time is over.
func (l *loop) giveUp(t *task) {
	i := slices.IndexFunc(l.waiting, func(w waiter) bool { return w.task == t })
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		l.drive(t, outcome{values: []lua.LValue{lua.LFalse}})
	}
}

// alive reports whether the target of that name is starting, running or still delivering; "" stands for any.
func (l *loop) alive(name string) bool {
	for _, la := range l.launching {
		if name == "" || la.target.Name == name {
			return true
		}
	}
	for _, i := range l.instances {
		if name == "" || i.target.Name == name {
			return true
		}
	}
	return false
}
