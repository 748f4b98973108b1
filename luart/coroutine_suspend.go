package luart

import (
	"fmt"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// preludeName is the name of our own Lua code in positions. No file can be called so.
const preludeName = "[ebpfx]"

// bodySource is what every thread runs. Its call is no tail call, so that something is left on the stack when fn suspends it.
const bodySource = `local enter, leave = ...
return function(fn, ...)
	enter()
	return leave(fn(...))
end`

// wrapperSource makes a function that may suspend its thread. The interpreter does not adjust what such a function returns to what its
// caller expects; a Lua function between the two does.
const wrapperSource = `local op, go_on = ...
return function(...)
	return go_on(op(...))
end`

// newScheduler returns a scheduler for the coroutines of L. throw raises a Go error in Lua.
func newScheduler(L *lua.LState, throw func(*lua.LState, error)) *scheduler {
	s := &scheduler{main: L, running: L, throw: throw}
	enter := L.NewFunction(func(L *lua.LState) int {
		L.Panic = s.raised
		return 0
	})
	leave := L.NewFunction(func(L *lua.LState) int {
		s.results = arguments(L, 1)
		return 0
	})
	s.goOn = L.NewFunction(func(L *lua.LState) int {
		raise, cause := s.raise, s.cause
		s.raise, s.cause = nil, nil
		switch {
		case raise != nil:
			s.rethrow(L, raise)
		case cause != nil:
			s.throw(L, cause)
		}
		return L.GetTop()
	})
	s.wrapper = prelude(L, wrapperSource)
	s.body = instantiate(L, prelude(L, bodySource), enter, leave)
	return s
}

func prelude(L *lua.LState, source string) *lua.LFunction {
	fn, err := L.Load(strings.NewReader(source), preludeName)
	if err != nil {
		panic(fmt.Sprintf("prelude: %v", err)) // a constant of ours
	}
	return fn
}

// instantiate calls fn and returns its one result, a function.
func instantiate(L *lua.LState, fn *lua.LFunction, args ...lua.LValue) *lua.LFunction {
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	L.Call(len(args), 1)
	result := L.Get(-1).(*lua.LFunction)
	L.Pop(1)
	return result
}

// arguments returns the arguments of the running function from the one numbered i on.
func arguments(L *lua.LState, i int) []lua.LValue {
	args := make([]lua.LValue, 0, max(0, L.GetTop()-i+1))
	for ; i <= L.GetTop(); i++ {
		args = append(args, L.Get(i))
	}
	return args
}

// suspending returns op as scripts call it, where op may return what suspend returns.
func (s *scheduler) suspending(L *lua.LState, op lua.LGFunction) *lua.LFunction {
	return instantiate(L, s.wrapper, L.NewFunction(positioned(op)), s.goOn)
}

// positioned makes errors that op raises name the script's line, not the wrapper's. In threads raised does it too, but not
// all code runs in threads.
func positioned(op lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if err, ok := r.(*lua.ApiError); ok {
				err.Object = reposition(L, err.Object)
			}
			panic(r)
		}()
		return op(L)
	}
}

// suspend suspends the running thread for req. Its result is to be returned by the calling function, which
// is one that suspending made, after yieldable said that it may.
func (s *scheduler) suspend(L *lua.LState, req request) int {
	s.request = req
	return L.Yield()
}

// canWait reports whether L, in a function that suspending made, can be suspended until the loop drives it again.
func (s *scheduler) canWait(L *lua.LState) bool { return s.yieldable(L) && !s.task.nested }

// inCallback reports whether what runs was called by the loop as a function that has to return without waiting.
func (s *scheduler) inCallback() bool {
	t := s.task
	for t != nil && t.nested {
		t = t.outer
	}
	return t == nil
}

// yieldable reports whether L, in a function that suspending made, can be suspended: drive runs it, and there is no Go function in between
// that waits for a Lua function to return, such as those of table.sort, a metamethod or an iterator. The interpreter does not
// know the latter, but Go's stack does: every such call is an instance of the interpreter's loop, and the outermost one is the thread's.
func (s *scheduler) yieldable(L *lua.LState) bool {
	if s.task == nil || s.task.thread().state != L {
		return false
	}
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	inLoop := false
	for {
		f, more := frames.Next()
		name := strings.TrimPrefix(f.Function, "github.com/yuin/gopher-lua.")
		if inLoop {
			return name == "threadRun"
		}
		inLoop = strings.HasPrefix(name, "mainLoop")
		if !more {
			return false
		}
	}
}
