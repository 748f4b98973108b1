package main

import (
	"context"
	"crypto/sha256"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

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
	opts.TookOver = func(t *builder.Target, was string, how *bpf.Takeover) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, takeover{t.Name, was, how})
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
