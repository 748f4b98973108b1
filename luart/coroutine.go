package luart

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The interpreter can suspend a thread only where nothing but Lua functions are on its stack, and its pcall and
// coroutine.resume are Go functions that call Lua. Here they are requests instead: the function that wants a thread to run
// suspends its own, and says to drive what is to be done. So sleep works below pcall and inside a script's
// own coroutines, and a whole task waits with all its threads as they are.
//
//	loop --drive--> task: coroutine of entry --resume--> coroutine of the script ...
//	                        thread, thread of a pcall     thread, thread of a pcall

// coroutine is a thread as scripts see it. It has a thread of the interpreter for itself and one for each protected call that
// it is inside of.
type coroutine struct {
	threads []*thread
	status  string
	wrapped bool // made by coroutine.wrap: errors go on to who resumes it
}

// What coroutine.status says.
const (
	suspended = "suspended"
	running   = "running"
	normal    = "normal" // it resumed another one
	dead      = "dead"
)

// Type returns LTThread.
func (*coroutine) Type() lua.LValueType { return lua.LTThread }

func (c *coroutine) String() string { return fmt.Sprintf("thread: %p", c) }

// thread is a thread of the interpreter.
type thread struct {
	state   *lua.LState
	fn      lua.LValue // what it is to run; nil once it runs
	handler *lua.LFunction
}

// task is what the loop runs and suspends as a whole: a coroutine, and those that were resumed from it.
type task struct {
	chain  []*coroutine      // the last one is running; empty when the task has ended
	what   string            // names it in errors
	ended  func(out outcome) // called by the loop at the end
	cut    func(err error)   // called in place of ended where the alarm ended it with an error
	nested bool              // runs inside of a call from Go, and so cannot wait
	outer  *task             // which a nested task runs inside of; nil for a callback
}

func (t *task) coroutine() *coroutine { return t.chain[len(t.chain)-1] }

func (t *task) thread() *thread {
	threads := t.coroutine().threads
	return threads[len(threads)-1]
}

// enter makes c the running coroutine.
func (t *task) enter(c *coroutine) {
	if len(t.chain) > 0 {
		t.coroutine().status = normal
	}
	c.status = running
	t.chain = append(t.chain, c)
}

// leave makes the coroutine that resumed the running one go on, with what coroutine.resume returns for out.
func (t *task) leave(status string, out outcome) outcome {
	c := t.coroutine()
	c.status = status
	t.chain = t.chain[:len(t.chain)-1]
	if len(t.chain) == 0 {
		return out
	}
	t.coroutine().status = running
	if c.wrapped {
		return out
	}
	return out.caught()
}

// outcome is how a call ended: with values, or with an error. It is also what a suspended thread goes on with.
type outcome struct {
	values []lua.LValue
	err    *lua.ApiError // its StackTrace is complete
	cause  error         // what goes on raises this as an error at its place
}

// caught returns what pcall returns for o.
func (o outcome) caught() outcome {
	if o.err != nil {
		return outcome{values: []lua.LValue{lua.LFalse, o.err.Object}}
	}
	return outcome{values: append([]lua.LValue{lua.LTrue}, o.values...)}
}

// request is what a thread was suspended for. It returns what the thread on top of the task goes on with; ok is false if
// the task has to wait until the loop drives it again.
type request func(t *task) (in outcome, ok bool)

// scheduler runs coroutines.
type scheduler struct {
	main    *lua.LState
	running *lua.LState                    // the thread that runs now
	throw   func(L *lua.LState, err error) // raises err
	body    *lua.LFunction                 // the Lua function at the bottom of every thread
	wrapper *lua.LFunction                 // makes suspending functions callable, see suspending
	goOn    *lua.LFunction                 // what a suspended thread calls when it goes on

	exiting bool // os.exit was called or the alarm has rung: nothing may catch the unwinding

	// What passes between drive and the running thread.
	task    *task         // nil while the main thread runs by itself
	request request       // set by a thread that was just suspended
	results []lua.LValue  // what the body returned
	raise   *lua.ApiError // what goOn is to raise
	cause   error         // likewise, with the position of goOn
	failed  *lua.ApiError // the error that was raised last
	again   *lua.ApiError // an error from elsewhere that is raised again
}

// newCoroutine returns a coroutine that will call fn.
func (s *scheduler) newCoroutine(fn lua.LValue) *coroutine {
	return &coroutine{threads: []*thread{s.newThread(fn, nil)}, status: suspended}
}

func (s *scheduler) newThread(fn lua.LValue, handler *lua.LFunction) *thread {
	state, _ := s.main.NewThread()
	return &thread{state: state, fn: fn, handler: handler}
}

// drive runs the task until it ends or has to wait; then ended is false. The thread on top goes on with in.
// L is the state that runs now: the main one, or that of a thread in a function of ours.
func (s *scheduler) drive(L *lua.LState, t *task, in outcome) (out outcome, ended bool) {
	outer := s.task
	s.task = t
	defer func() { s.task, s.raise, s.cause = outer, nil, nil }()

	for len(t.chain) > 0 {
		req, out := s.step(L, t.thread(), in)
		switch {
		case req != nil:
			var ok bool
			if in, ok = req(t); !ok {
				return outcome{}, false
			}
		case out.err != nil && s.exiting:
			return out, true
		default:
			c := t.coroutine()
			c.threads = c.threads[:len(c.threads)-1]
			if len(c.threads) > 0 {
				in = out.caught() // the thread was a protected call
			} else {
				in = t.leave(dead, out)
			}
		}
	}
	return in, true
}

// step lets a thread go on with in until it is suspended for a request, or ends with out.
func (s *scheduler) step(L *lua.LState, th *thread, in outcome) (req request, out outcome) {
	args := in.values
	if th.fn != nil {
		args = append([]lua.LValue{th.fn}, args...)
		th.fn = nil
	}
	s.request, s.results, s.failed = nil, nil, nil
	s.raise, s.cause = in.err, in.cause
	s.running = th.state
	state, err, _ := L.Resume(th.state, s.body, args...)
	s.running = L
	if state == lua.ResumeError {
		return nil, outcome{err: s.failure(th, err)}
	}
	if state == lua.ResumeYield {
		return s.request, outcome{}
	}
	return nil, outcome{values: s.results}
}

// failure returns the error that ended th, with its traceback, which Resume drops.
func (s *scheduler) failure(th *thread, err error) *lua.ApiError {
	e, ok := err.(*lua.ApiError)
	if !ok {
		e = &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(err.Error())}
	}
	if s.failed != nil && s.failed.Object == e.Object {
		return s.failed
	}
	// It did not come through raised: a panic of the interpreter itself.
	if text, ok := e.Object.(lua.LString); ok {
		e.Object = lua.LString(where(th.state, 0) + strings.Replace(string(text), "lua callstack overflow", "stack overflow", 1))
	}
	e.StackTrace = s.stackTrace(th.state)
	return e
}

// rethrow raises err as it is.
func (s *scheduler) rethrow(L *lua.LState, err *lua.ApiError) {
	s.again = err
	defer func() { s.again = nil }()
	L.Error(err.Object, 0)
}

// raised is what the interpreter calls on an error, where it happened. The last value on the stack of L is the error.
func (s *scheduler) raised(L *lua.LState) {
	err := &lua.ApiError{Type: lua.ApiErrorRun, Object: reposition(L, L.Get(-1))}
	if s.again != nil && s.again.Object == err.Object {
		err.StackTrace = s.again.StackTrace // of where it was raised first
	} else {
		err.StackTrace = s.stackTrace(L)
	}
	if s.task != nil && s.task.thread().state == L {
		if handler := s.task.thread().handler; handler != nil && !s.exiting {
			L.Panic = func(L *lua.LState) {
				panic(&lua.ApiError{Type: lua.ApiErrorError, Object: L.Get(-1)})
			}
			L.Push(handler)
			L.Push(err.Object)
			L.Call(1, 1)
			err.Object = L.Get(-1)
		}
	}
	s.failed = err
	panic(err)
}
