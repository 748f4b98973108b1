package main

import (
	"context"
	"os"
	"os/signal"

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

	go func() {
		first, ok := <-stops
		if !ok {
			return
		}
		cancel(&interrupted{signal: first.(unix.Signal)})
		if second, again := <-stops; again {
			os.Exit(128 + int(second.(unix.Signal)))
		}
	}()
	return ctx, func() {
		signal.Stop(stops)
		signal.Stop(pipes)
		close(stops)
		cancel(nil)
	}
}
