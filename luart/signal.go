package luart

import (
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// signalHandler is one on_signal.
type signalHandler struct {
	name   string // without SIG
	signal os.Signal
	fn     *lua.LFunction
	pos    diag.Pos
}

// signals are those that scripts may take. Others end the process, are the Go runtime's, or end the run in order.
var signals = map[string]os.Signal{
	"HUP":   unix.SIGHUP,
	"USR1":  unix.SIGUSR1,
	"USR2":  unix.SIGUSR2,
	"WINCH": unix.SIGWINCH,
	"CONT":  unix.SIGCONT,
	"ALRM":  unix.SIGALRM,
}

// onSignal is on_signal(name, fn).
func (s *Script) onSignal(L *lua.LState) int {
	h := signalHandler{pos: s.here(L, "on_signal")}
	unpack(L, "on_signal", "name", &h.name, "fn", &h.fn)
	given := h.name
	h.name = strings.TrimPrefix(h.name, "SIG")
	var ok bool
	if h.signal, ok = signals[h.name]; !ok {
		names := slices.Sorted(maps.Keys(signals))
		switch h.name {
		case "INT", "TERM":
			L.RaiseError("on_signal: %s ends the run in order; on_exit(fn) is called then", given)
		case "KILL", "STOP":
			L.RaiseError("on_signal: no process can take %s", given)
		}
		L.RaiseError("on_signal: no signal %q%s; there are: %s", given, diag.DidYouMean(h.name, names), strings.Join(names, ", "))
	}
	handlers := &s.describe.settings().handlers
	handlers.signal = append(handlers.signal, h)
	return 0
}

// signalState is a handler of a target that runs.
type signalState struct {
	signalHandler
	busy, again bool // it has not returned, and is to be called once more
}

// listen takes the signals that a target has a handler for, from the start of the run on, so that none ends the process. The
// function that it returns ends that.
func (l *loop) listen() (end func()) {
	var wanted []os.Signal
	for _, h := range l.script.handlers {
		for _, s := range h.signal {
			wanted = append(wanted, s.signal)
		}
	}
	if len(wanted) == 0 {
		return func() {}
	}
	came := make(chan os.Signal, 16)
	ended := make(chan struct{})
	signal.Notify(came, wanted...)
	go func() {
		for {
			select {
			case s := <-came:
				select {
				case l.posted <- func() { l.signalled(s) }:
				case <-ended:
					return
				}
			case <-ended:
				return
			}
		}
	}()
	return func() {
		signal.Stop(came)
		close(ended)
	}
}

// signalled calls the handlers of a signal.
func (l *loop) signalled(s os.Signal) {
	for _, i := range slices.Clone(l.instances) {
		if i.signals == nil {
			for _, h := range i.handlers.signal {
				i.signals = append(i.signals, &signalState{signalHandler: h})
			}
		}
		for _, h := range i.signals {
			if h.signal == s && !i.stopped && !l.ending {
				l.handleSignal(i, h)
			}
		}
	}
}

// handleSignal calls a handler now, or again when it has returned.
func (l *loop) handleSignal(i *instance, h *signalState) {
	if h.busy {
		h.again = true
		return
	}
	h.busy = true
	l.spawn("the callback of on_signal", h.fn, []lua.LValue{lua.LString(h.name), i.handle}, func(err error) {
		h.busy = false
		if err != nil {
			l.raised(i, l.blame(i, err, nil))
		}
		if h.again && !i.stopped && !l.ending {
			h.again = false
			l.handleSignal(i, h)
		}
	})
}
