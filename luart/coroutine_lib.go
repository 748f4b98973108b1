package luart

import (
	lua "github.com/yuin/gopher-lua"
)

// openCoroutines replaces pcall, xpcall and the coroutine library by what the scheduler can suspend.
func (s *scheduler) openCoroutines(L *lua.LState) {
	L.SetGlobal("pcall", s.suspending(L, s.pcall))
	L.SetGlobal("xpcall", s.suspending(L, s.xpcall))

	lib := L.NewTable()
	L.SetGlobal("coroutine", lib)
	lib.RawSetString("create", L.NewFunction(s.create))
	lib.RawSetString("wrap", L.NewFunction(s.wrap))
	lib.RawSetString("status", L.NewFunction(s.statusOf))
	lib.RawSetString("running", L.NewFunction(s.current))
	lib.RawSetString("resume", s.suspending(L, s.resume))
	lib.RawSetString("yield", s.suspending(L, s.yield))
}

// pcall is pcall(fn, ...).
func (s *scheduler) pcall(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.RaiseError("pcall: missing argument fn")
	}
	return s.protected(L, L.Get(1), nil, arguments(L, 2))
}

// xpcall is xpcall(fn, handler, ...). The handler is called where the error was raised.
func (s *scheduler) xpcall(L *lua.LState) int {
	handler, ok := L.Get(2).(*lua.LFunction)
	if !ok {
		L.RaiseError("xpcall: handler: %v", expected("a function", L.Get(2)))
	}
	return s.protected(L, L.Get(1), handler, arguments(L, 3))
}

func (s *scheduler) protected(L *lua.LState, fn lua.LValue, handler *lua.LFunction, args []lua.LValue) int {
	if s.yieldable(L) {
		s.mayNest(L)
		return s.suspend(L, func(t *task) (outcome, bool) {
			c := t.coroutine()
			c.threads = append(c.threads, s.newThread(fn, handler))
			return outcome{values: args}, true
		})
	}
	if handler != nil {
		handler = s.unlessExiting(L, handler)
	}
	top := L.GetTop()
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	err := L.PCall(len(args), lua.MultRet, handler)
	if err == nil {
		L.Insert(lua.LTrue, top+1)
		return L.GetTop() - top
	}
	e, ok := err.(*lua.ApiError)
	if !ok {
		e = &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(err.Error())}
	}
	if s.exiting {
		panic(e)
	}
	L.Push(lua.LFalse)
	L.Push(reposition(L, e.Object))
	return 2
}

// maxNested bounds the protected calls and coroutines that a task is inside of, each of which has a stack of its own. It is lua.org's
// LUAI_MAXCCALLS.
const maxNested = 200

// mayNest raises an error where a further thread would be too much.
func (s *scheduler) mayNest(L *lua.LState) {
	n := 0
	for t := s.task; t != nil; t = t.outer {
		for _, c := range t.chain {
			n += len(c.threads)
		}
	}
	if n >= maxNested {
		L.RaiseError("stack overflow: more than %d protected calls and coroutines are inside of each other", maxNested)
	}
}

// unlessExiting returns a handler for xpcall that calls handler, but not for the unwinding of os.exit.
func (s *scheduler) unlessExiting(L *lua.LState, handler *lua.LFunction) *lua.LFunction {
	return L.NewFunction(func(L *lua.LState) int {
		if !s.exiting {
			L.Insert(handler, 1)
			L.Call(L.GetTop()-1, 1)
		}
		return 1
	})
}

// create is coroutine.create(fn).
func (s *scheduler) create(L *lua.LState) int {
	var fn *lua.LFunction
	unpack(L, "coroutine.create", "fn", &fn)
	L.Push(s.newCoroutine(fn))
	return 1
}

// wrap is coroutine.wrap(fn).
func (s *scheduler) wrap(L *lua.LState) int {
	var fn *lua.LFunction
	unpack(L, "coroutine.wrap", "fn", &fn)
	c := s.newCoroutine(fn)
	c.wrapped = true
	L.Push(s.suspending(L, func(L *lua.LState) int {
		return s.enter(L, c, arguments(L, 1))
	}))
	return 1
}

// resume is coroutine.resume(co, ...).
func (s *scheduler) resume(L *lua.LState) int {
	c := s.argument(L, "coroutine.resume")
	if c.status != suspended {
		L.Push(lua.LFalse)
		L.Push(lua.LString("cannot resume a " + c.status + " coroutine"))
		return 2
	}
	return s.enter(L, c, arguments(L, 2))
}

// enter resumes c with args.
func (s *scheduler) enter(L *lua.LState, c *coroutine, args []lua.LValue) int {
	if c.status != suspended {
		L.RaiseError("cannot resume a %s coroutine", c.status)
	}
	s.mayNest(L)
	in := outcome{values: args}
	if s.yieldable(L) {
		return s.suspend(L, func(t *task) (outcome, bool) {
			t.enter(c)
			return in, true
		})
	}
	t := &task{nested: true, outer: s.task}
	t.enter(c)
	out, _ := s.drive(L, t, in)
	switch {
	case out.err != nil && (c.wrapped || s.exiting):
		s.rethrow(L, out.err)
	case !c.wrapped:
		out = out.caught()
	}
	for _, v := range out.values {
		L.Push(v)
	}
	return len(out.values)
}

// yield is coroutine.yield(...).
func (s *scheduler) yield(L *lua.LState) int {
	switch {
	case s.task == nil, !s.task.nested && len(s.task.chain) == 1:
		L.RaiseError("coroutine.yield: not inside a coroutine of this script (sleep and wait pause entry and timers)")
	case !s.yieldable(L):
		L.RaiseError("coroutine.yield: %s", betweenCalls)
	}
	values := arguments(L, 1)
	return s.suspend(L, func(t *task) (outcome, bool) {
		return t.leave(suspended, outcome{values: values}), true
	})
}

// betweenCalls is why a function of a coroutine cannot be suspended.
const betweenCalls = "cannot pause here, inside a function that was called by sort, string.gsub, pcall in a callback, a metamethod or an iterator"

// statusOf is coroutine.status(co).
func (s *scheduler) statusOf(L *lua.LState) int {
	L.Push(lua.LString(s.argument(L, "coroutine.status").status))
	return 1
}

// current is coroutine.running(): the running coroutine, or nil outside of one.
func (s *scheduler) current(L *lua.LState) int {
	if s.task == nil {
		L.Push(lua.LNil)
	} else {
		L.Push(s.task.coroutine())
	}
	return 1
}

// argument returns argument 1, which is to be a coroutine.
func (s *scheduler) argument(L *lua.LState, fn string) *coroutine {
	c, ok := L.Get(1).(*coroutine)
	if !ok {
		L.RaiseError("%s: %v", fn, expected("a coroutine", L.Get(1)))
	}
	return c
}
