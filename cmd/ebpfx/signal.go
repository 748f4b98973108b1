package main

import (
	"context"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// interrupted is the error of a verb that a signal ended before it was done.
type interrupted struct{ signal unix.Signal }

func (e *interrupted) Error() string { return "interrupted by " + unix.SignalName(e.signal) }

// Code returns what a shell reports for a process that the signal ended.
func (e *interrupted) Code() int { return 128 + int(e.signal) }

// interruptible returns a context that the first SIGINT or SIGTERM cancels, with an *interrupted as its cause.
// The second ends the process at once; programs are held by file descriptors,
// so that even then none stays attached. release gives the signals back their usual meaning.
//
// It also takes SIGPIPE, so that writing to a pipe that nobody reads any more is an error
// which ends the run in order rather than the process in the middle of something.
// (Ignoring the signal would do too, but clang would inherit that.)
func interruptible() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())

	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, unix.SIGPIPE)
	stops := make(chan os.Signal, 2)
	signal.Notify(stops, unix.SIGINT, unix.SIGTERM)

	var diversion interruptDiversion
	go func() {
		first := true
		for stop := range stops {
			s := stop.(unix.Signal)
			switch {
			case s == unix.SIGINT && diversion.take():
			case first:
				first = false
				cancel(&interrupted{signal: s})
			default:
				os.Exit(128 + int(s))
			}
		}
	}()
	return context.WithValue(ctx, diversionKey{}, &diversion), func() {
		signal.Stop(stops)
		signal.Stop(pipes)
		close(stops)
		cancel(nil)
	}
}

// interruptDiversion is who gets SIGINT in place of the verb, if anybody.
type interruptDiversion struct {
	mu sync.Mutex
	to func()
}

// diversionKey is the key of the *interruptDiversion in a verb's context.
type diversionKey struct{}

func (d *interruptDiversion) take() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.to != nil {
		d.to()
	}
	return d.to != nil
}

func (d *interruptDiversion) set(to func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.to = to
}

// divertInterrupts has SIGINT call to, in place of ending the verb, until the function that it returns is called. ctx is the verb's.
func divertInterrupts(ctx context.Context, to func()) (back func()) {
	d, ok := ctx.Value(diversionKey{}).(*interruptDiversion)
	if !ok {
		return func() {}
	}
	d.set(to)
	return func() { d.set(nil) }
}
