package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
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
	reading []string // files of Lua, and folders where some may appear, of the last attempt
	project *builder.Project

	current *generation // nil while nothing runs
	last    error       // of the last attempt

	retiring sync.WaitGroup // generations that were taken over from

	mu     sync.Mutex // guards what follows
	totals map[string]total
}

// generation is one edition that runs.
type generation struct {
	*edition
	running *luart.Running
	cancel  context.CancelFunc
	objects objects
	settled func() bool // from then on only cancel ends it

	heir atomic.Pointer[luart.Running] // who takes over; nil: nobody
}

// total is what a target counted in the generations before the one that runs.
type total struct {
	stats bpf.Stats
	ran   time.Duration
}

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
	w := &watcher{call: c, files: files, totals: make(map[string]total)}
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
		began := time.Now()
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

		fresh, err := w.files.Watch(w.set())
		if err != nil {
			var limit *filewatch.Limit
			if errors.As(err, &limit) {
				return err
			}
			w.notice(err.Error()) // a folder that may not be read
		}
		if fresh {
			// What came before that was told by nobody, and may have come after it was read.
			if _, err := w.files.Watch(w.set()); err == nil && w.files.ChangedSince(began) {
				continue
			}
		}
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
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

// wait waits for a change. Meanwhile what runs may end by itself.
func (w *watcher) wait(ctx context.Context) error {
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
	w.fail(err)
	if w.current != nil {
		w.progressf("what runs goes on; waiting for changes")
	} else {
		w.progressf("waiting for changes")
	}
}

// attempt runs the project as it is now, in place of what runs, unless that is the same.
func (w *watcher) attempt(ctx context.Context) error {
	began := time.Now()
	w.reading = nil
	e, err := w.edition(ctx, func(path string) { w.reading = append(w.reading, path) })
	if err != nil {
		return err
	}
	w.project = e.script.Project()
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
	w.progressf("%s", reloaded(took(), time.Since(began)))
	old.cancel()
	w.retiring.Go(func() { // to detach programs takes its time
		if err := w.retire(old); err != nil {
			w.fail(err)
		}
	})
	return nil
}

// isSettled reports whether g has started what it starts at once.
func (g *generation) isSettled() bool {
	select {
	case <-g.running.Settled():
		return true
	default:
		return false
	}
}

// objects are the hashes of objects by target, as they were built for a generation.
type objects struct {
	mu   sync.Mutex
	seen map[string][sha256.Size]byte
}

// note has every object noted that opts build.
func (o *objects) note(opts *luart.RunOptions) {
	build := opts.Build
	opts.Build = func(ctx context.Context, t *builder.Target) (string, error) {
		path, err := build(ctx, t)
		if err != nil {
			return "", err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.seen[t.Name] = sha256.Sum256(text)
		}
		return path, nil
	}
}

func (o *objects) of(target string) [sha256.Size]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[target]
}

// takeover is how one target took over.
type takeover struct {
	target string
	how    *bpf.Takeover
}

// start starts g, which takes over from old. took returns how, once g is settled.
func (w *watcher) start(ctx context.Context, g, old *generation) (took func() []takeover) {
	var mu sync.Mutex
	var list []takeover
	opts := g.opts
	opts.Timeout = 0 // watch as a whole has it
	opts.Replaceable = true
	if old != nil {
		opts.Replace = old.running
	}
	opts.TookOver = func(t *builder.Target, how *bpf.Takeover) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, takeover{t.Name, how})
	}
	ended := opts.Ended
	opts.Ended = func(t *builder.Target, stats bpf.Stats, ran time.Duration) {
		if sum, last := w.count(g, t.Name, stats, ran); last {
			ended(t, sum.stats, sum.ran)
		} else if stats.Lost > 0 {
			w.progressf("%s: %s lost until the reload", t.Name, count(stats.Lost, "event"))
		}
	}
	// Once it is settled g does not end with ctx but when watch says so: when those before it are counted.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g.cancel = cancel
	g.settled = context.AfterFunc(ctx, cancel)
	g.running = g.script.Start(running, g.args, opts)
	return func() []takeover {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// count adds what a target of g counted to what it did in generations before. last is set where no generation takes over from g.
func (w *watcher) count(g *generation, target string, stats bpf.Stats, ran time.Duration) (sum total, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum, counted := w.totals[target]
	sum.stats.LostKnown = stats.LostKnown && (sum.stats.LostKnown || !counted)
	sum.stats.Events += stats.Events
	sum.stats.Lost += stats.Lost
	sum.ran += ran
	if heir := g.heir.Load(); heir != nil && slices.Contains(heir.Targets(), target) {
		w.totals[target] = sum
		return sum, false
	}
	delete(w.totals, target)
	return sum, true
}

// retire waits until g has ended and frees it. Its error is none where it was cancelled.
func (w *watcher) retire(g *generation) error {
	err := g.running.Err()
	g.cancel()
	g.script.Close()
	return g.error(err)
}

// reloaded says in one line what a reload did.
func reloaded(list []takeover, took time.Duration) string {
	if len(list) == 0 {
		return fmt.Sprintf("restarted in %d ms: nothing that ran goes on", took.Milliseconds())
	}
	var parts []string
	for _, t := range list {
		part := t.target
		if len(t.how.Kept) > 0 {
			part += ": kept " + strings.Join(t.how.Kept, ", ")
		} else {
			part += ": no map to keep"
		}
		for _, f := range t.how.Fresh {
			part += fmt.Sprintf("; %s anew, as %s", f.Name, f.Why)
		}
		if t.how.Gap > 0 {
			part += fmt.Sprintf("; no program was attached for %.1f ms", float64(t.how.Gap)/float64(time.Millisecond))
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("reloaded in %d ms, %s", took.Milliseconds(), strings.Join(parts, "; "))
}

// set returns what is to be watched after the last attempt.
func (w *watcher) set() filewatch.Set {
	s := filewatch.Set{Extensions: []string{".c", ".h", ".lua", ".o"}}
	for _, path := range w.reading {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			s.Dirs = append(s.Dirs, path)
		} else {
			s.Files = append(s.Files, path)
		}
	}
	if w.project == nil {
		// It was never read to its end.
		if runsProgram(w.cli) {
			if abs, err := filepath.Abs(w.args[0]); err == nil {
				s.Files = append(s.Files, abs)
			}
		}
	} else {
		in := builder.FindInputs(w.project)
		s.Files = append(s.Files, in.Files...)
		s.Dirs = append(s.Dirs, in.Dirs...)
		if w.project.File != "" {
			s.Files = append(s.Files, w.project.File)
		}
	}
	for _, f := range s.Files {
		s.Dirs = append(s.Dirs, filepath.Dir(f))
	}
	slices.Sort(s.Dirs)
	s.Dirs = slices.Compact(s.Dirs)
	return s
}
