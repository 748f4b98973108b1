package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/cmd/ebpfx/internal/filewatch"
	"github.com/ebpfx/ebpfx/luart"
)

func watchCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      watchVerb,
		Usage:     "run, and take over again whenever a source changes",
		ArgsUsage: "[ARG...]",
		Description: `Runs as run does with the same arguments and flags. When a source, a header that it includes, or a
file of Lua is saved, what changed is built and loaded beside what runs, and takes over from it: maps
whose definition is unchanged keep what they hold, and no event is missed or seen twice, unless it is said. What
does not compile, or is refused by the verifier or by Lua, is shown, and what runs goes on.

Examples:
  ebpfx watch                            the default targets, until Ctrl-C
  ebpfx watch opensnoop -v               one target, or whatever entry makes of it
  ebpfx watch tool.bpf.c --targ_pid 7    a program without a project`,
		Flags:  runFlags(),
		Action: action(con, watch),
	}
}

// watcher is one call of watch.
type watcher struct {
	*call
	files   *filewatch.Watcher
	inputs  inputs
	reading []string // files of Lua, and folders where some may appear, of the last attempt
	project *builder.Project
	told    map[string]bool // files of which it was told that functions around a build write them

	current *generation // nil while nothing runs
	last    error       // of the last attempt

	unsettled int // attempts in succession during which a source changed

	retiring sync.WaitGroup // generations that were taken over from

	mu     sync.Mutex // guards what follows
	totals map[string]total
}

// unsettledMost is how many attempts in succession may see a source change before it is told that they may be why.
const unsettledMost = 8

func watch(ctx context.Context, c *call) error {
	if runsProgram(c.cli) && wantsHelp(c.cli) {
		return run(ctx, c)
	}
	files, err := filewatch.New()
	if err != nil {
		return err
	}
	defer files.Close()
	if c.flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.flags.timeout)
		defer cancel()
	}
	w := &watcher{call: c, files: files, told: make(map[string]bool), totals: make(map[string]total)}
	err = w.loop(ctx)
	w.retiring.Wait() // their counts are part of the last summary
	if w.current != nil {
		w.current.cancel()
		err = errors.Join(err, w.retire(w.current))
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // the ordinary way to stop
	}
	return err
}

// loop attempts to run, and again after each change, until ctx is done or it makes no sense to go on.
func (w *watcher) loop(ctx context.Context) error {
	for {
		err := w.attempt(ctx)
		var usage *usageError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case w.current == nil && (errors.As(err, &usage) || err != nil && !w.hasSource()):
			return err
		case err != nil:
			w.refuse(err)
		}
		w.last = err

		set := w.set(w.project, w.reading)
		if err := w.files.Watch(set); err != nil {
			var limit *filewatch.Limit
			if errors.As(err, &limit) {
				return err
			}
			w.notice(err.Error()) // a folder that may not be read
		}
		if w.changed(set, false) {
			// Since it was read, and maybe before it was watched.
			w.files.Look()
			if w.unsettled++; w.unsettled == unsettledMost {
				w.notice(fmt.Sprintf("a source has changed during each of the last %d attempts; what on_load or entry write for each run is better no source", unsettledMost))
			}
		} else {
			w.unsettled = 0
		}
		if err := w.wait(ctx, set); err != nil {
			return err
		}
	}
}

// changed reports whether there is a reason for another attempt; a file that was only touched is one if touched is set.
func (w *watcher) changed(set filewatch.Set, touched bool) bool {
	changed, byHooks := w.inputs.changed(set, touched)
	for _, f := range byHooks {
		if !w.told[f] {
			w.told[f] = true
			w.notice(fmt.Sprintf("before_build or after_build writes something else into %s whenever something is built; that alone is no reason to build again", relative(f)))
		}
	}
	return changed
}

// hasSource reports whether there is something to be watched.
func (w *watcher) hasSource() bool {
	if w.project != nil || len(w.reading) > 0 {
		return true
	}
	if !runsProgram(w.cli) {
		return false
	}
	_, err := os.Stat(w.args[0])
	return err == nil
}

// wait waits until something of set changes. Meanwhile what runs may end by itself.
func (w *watcher) wait(ctx context.Context, set filewatch.Set) error {
	for {
		if err := w.waitForFiles(ctx); err != nil {
			return err
		}
		// Who saves what is the same wants to see again what went wrong, or what has ended.
		if w.changed(set, w.current == nil || w.last != nil) {
			return nil
		}
	}
}

// waitForFiles waits until some file is written to.
func (w *watcher) waitForFiles(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	changed := make(chan error, 1)
	go func() { changed <- w.files.Wait(waiting) }()
	defer func() {
		cancel()
		<-changed // nobody else may use the watcher meanwhile
	}()
	for {
		var ended <-chan struct{}
		if w.current != nil {
			ended = w.current.running.Done()
		}
		select {
		case err := <-changed:
			changed <- err
			return err
		case <-ended:
			g := w.current
			w.current = nil
			err := w.retire(g)
			var exit *luart.ExitError
			if ctx.Err() != nil || errors.As(err, &exit) && exit.ExitCode > 128 {
				return err // nobody reads the output any more
			}
			if err != nil {
				w.fail(err)
			}
			w.progressf("ended; waiting for changes")
		}
	}
}

// refuse shows why an attempt came to nothing.
func (w *watcher) refuse(err error) {
	var exit *luart.ExitError
	if errors.As(err, &exit) {
		w.progressf("%v", err) // which fail leaves to the exit code
	}
	w.fail(err)
	if w.current != nil {
		w.progressf("what runs goes on; waiting for changes")
	} else {
		w.progressf("waiting for changes")
	}
}

// read reads the project as it is now, and notes what is read and built from.
func (w *watcher) read(ctx context.Context) (*edition, error) {
	w.inputs.begin()
	w.reading = nil
	if runsProgram(w.cli) {
		w.inputs.builds(w.set(w.project, nil)) // it is built as it is read
	}
	var set func() filewatch.Set
	e, err := w.edition(ctx, func(load *luart.LoadOptions) {
		load.Reading = func(path string) {
			w.reading = append(w.reading, path)
			w.inputs.reads(path)
		}
		load.AroundHook = func(call func() error) error { return w.inputs.around(set(), call) }
	})
	if err != nil {
		return nil, err
	}
	project, reading := e.script.Project(), w.reading
	w.project = project
	set = func() filewatch.Set { return w.set(project, reading) }
	build := e.opts.Build
	e.opts.Build = func(ctx context.Context, t *builder.Target) (string, error) {
		w.inputs.builds(set())
		return build(ctx, t)
	}
	return e, nil
}

// attempt runs the project as it is now, in place of what runs, unless that is the same.
func (w *watcher) attempt(ctx context.Context) error {
	began := time.Now()
	e, err := w.read(ctx)
	if err != nil {
		return err
	}
	g := &generation{edition: e, objects: objects{seen: make(map[string][sha256.Size]byte)}}
	g.objects.note(&e.opts)
	old := w.current
	// What runs is built before anything is started, so that an error changes nothing.
	same := old != nil && e.script.Text() == old.script.Text()
	if old != nil {
		for _, name := range old.running.Targets() {
			t := w.project.Target(name)
			if t == nil {
				same = false
				continue
			}
			err := e.script.BeforeBuild(t)
			if err == nil {
				_, err = e.opts.Build(ctx, t)
			}
			if err != nil {
				e.script.Close()
				return e.error(err)
			}
			same = same && g.objects.of(name) == old.objects.of(name)
		}
	}
	if same {
		e.script.Close()
		if w.last != nil {
			w.progressf("nothing differs from what runs")
		}
		return nil
	}
	var ran []string
	if old != nil {
		ran = old.running.Targets()
	}
	took := w.start(ctx, g, old)
	select {
	case <-g.running.Settled():
	case <-g.running.Done():
	}
	g.settled()
	if !g.running.TookOver() && !g.isSettled() {
		// It has ended. Where it did so of its own will, what ran before is not to go on.
		if err := w.retire(g); err != nil {
			return err
		}
	}
	w.current = g
	if old == nil {
		return nil
	}
	old.heir.Store(g.running)
	w.progressf("%s", reloaded(took(), ran, g.running.Targets(), time.Since(began)))
	old.cancel()
	w.retiring.Go(func() { // to detach programs takes its time
		if err := w.retire(old); err != nil {
			w.fail(err)
		}
	})
	return nil
}
