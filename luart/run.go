package luart

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
)

// RunOptions tell Run how to work.
type RunOptions struct {
	// Build brings a target's object up to date and returns its path. It is called from goroutines other than
	// the one of Run, one call at a time.
	Build func(ctx context.Context, t *builder.Target) (string, error)
	// Open reads a target's object from the path that Build returned, before the target's globals are set. It is called from
	// goroutines other than the one of Run. nil: bpf.Open.
	Open func(t *builder.Target, path string) (*bpf.Object, error)
	// Strict has a target fail of which a program cannot be attached as its section says, as bpf.LoadOptions do.
	Strict bool
	// BTF is a file with the types of a kernel that does not tell them, as bpf.LoadOptions take it.
	BTF string
	// Replaceable has targets loaded so that a later run can take them over without a gap, as bpf.LoadOptions do.
	Replaceable bool
	// Replace is a run of an earlier version of the script whose targets this one takes over; nil: there is none. See Running.
	Replace *Running
	// TookOver is told how a target took over from that of the earlier run, which had the name was: another one where it was renamed in the script. nil:
	// nobody is.
	TookOver func(t *builder.Target, was string, how *bpf.Takeover)
	// Sink returns where the records of a stream go that no callback takes. nil: nowhere.
	Sink func(*bpf.Stream) output.Sink
	// Watch is called for each running target every WatchInterval and once more, with last set, when its programs are detached and its
	// records dealt with but its maps are still there. What scripts and sinks had to say is written out before. An
	// error ends the run. nil: nobody watches.
	Watch         func(t *builder.Target, kernel *bpf.Instance, last bool) error
	WatchInterval time.Duration // 0: Watch is only called with last
	// Notice receives what a user should know but the script did not ask for, without newline. nil: nobody does.
	Notice func(text string)
	// Verbose receives what is done beside the obvious, such as mounting tracefs. nil: nobody does. It may be
	// called from any goroutine.
	Verbose func(text string)
	// Ended is told of each target that stopped: what was counted, and how long it ran. nil: nobody is.
	Ended func(t *builder.Target, stats bpf.Stats, ran time.Duration)
	// Discarded is told, before Ended, of the records of a target that reached no callback because the
	// script had stopped it. nil: Notice is.
	Discarded func(t *builder.Target, records uint64)
	// KeepGoing counts errors of callbacks and timers where they would end the run. They are reported to Notice in the end, and the run
	// returns an *ExitError. Errors in entry and on_load, and callbacks that had to be ended, end the run in any case.
	KeepGoing bool
	// Failed is told of the first error of each sort that KeepGoing goes on after. nil: Notice is.
	Failed func(t *builder.Target, err error)
	// Timeout is how long the run may take; 0: for ever. Builds do not count.
	Timeout time.Duration
	// CallbackTimeout is how long a callback may run, or entry or a timer from one wait to the next, until it is ended with
	// an error; 0: for ever. Builds and slow readers of its output do not count.
	CallbackTimeout time.Duration
	Stdout          io.Writer // what scripts print to, in large pieces; nil: as LoadOptions say
}

// Run executes entry(args...) and all that follows from it, until nothing runs any more, the script
// stops the run, ctx is cancelled (the ordinary way to stop: nil is returned), or Timeout passes, which is an error
// only while a target is not attached yet.
// All that was attached is detached when it returns. An *ExitError carries the
// code of os.exit; what was wrong in the script is a *diag.Diagnostic.
//
// Records that are in the rings when ctx or Timeout ends the run still reach their callbacks. A callback that does not return
// a second later is ended.
func (s *Script) Run(ctx context.Context, args []string, opts RunOptions) error {
	return s.run(ctx, args, opts, nil)
}

func (s *Script) run(ctx context.Context, args []string, opts RunOptions, running *Running) error {
	l := newLoop(s, opts)
	l.running = running
	stdout := s.stdout
	s.loop, s.stdout = l, l.stdout
	defer func() {
		s.loop, s.stdout = nil, stdout
		s.symbols.User.Close()
	}()
	return s.shown(l.run(ctx, args))
}

// ExitError ends the process with a code and without a message: a script's os.exit(n) with n other than 0, or
// a reader of the output who went away, which is code 141 as for a process that SIGPIPE ends.
type ExitError struct{ ExitCode int }

func (e *ExitError) Error() string { return fmt.Sprintf("script exited with code %d", e.ExitCode) }

// Code returns the exit code for the process.
func (e *ExitError) Code() int { return e.ExitCode }

// brokenPipe is the exit code of a process whose output nobody reads: 128 and the number of SIGPIPE.
const brokenPipe = 128 + 13
