package luart

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// guard rings the alarm when what Lua does takes too long or too much memory, or is not wanted any more. The goroutine that runs Lua
// says when it enters and leaves it; a timer looks at it meanwhile. All methods may be called from any goroutine.
type guard struct {
	alarm *alarm
	limit time.Duration // for a call; 0: none

	// late is set while a call takes longer than usual, so that who makes several calls under one enter does no more.
	late atomic.Bool

	mu      sync.Mutex
	timer   *time.Timer // nil before the first call
	memory  uint64      // limit in bytes; 0: none
	what    string      // runs: "the callback", ...; "": nothing does
	task    bool        // what runs is a task
	nested  int         // calls inside of it
	began   time.Time
	cut     time.Time // when what runs is to be ended; zero: not yet
	paused  time.Time // since when; zero: it is not
	ended   bool      // no task is to go on
	verdict verdict   // why the alarm was rung
}

// verdict is why something was ended.
type verdict struct {
	text string // "" where that is no error
}

// Bounds of the guard.
const (
	// endGrace is how long a callback may go on after the end of the run was asked for.
	endGrace = time.Second
	// lookEvery is the time between two looks at what runs, at most.
	lookEvery = 20 * time.Millisecond
)

// interval returns the time between two looks at what runs.
func (g *guard) interval() time.Duration {
	if g.limit == 0 {
		return lookEvery
	}
	return min(lookEvery, max(g.limit/50, time.Millisecond))
}

// begin prepares for a run, whose calls may take as long as limit; 0: for ever.
func (g *guard) begin(limit time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit, g.ended = limit, false
}

// enter says that Lua begins to run; what names it in errors. It may be called again before leave.
func (g *guard) enter(what string, task bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.what != "" {
		g.nested++
		return
	}
	g.what, g.task, g.began, g.cut = what, task, time.Now(), time.Time{}
	if g.timer == nil {
		g.timer = time.AfterFunc(g.interval(), g.look)
	} else {
		g.timer.Reset(g.interval())
	}
	if task && g.ended {
		g.ring(verdict{})
	}
}

// leave says that what was entered last has returned.
func (g *guard) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.nested > 0 {
		g.nested--
		return
	}
	g.what = ""
	g.timer.Stop()
	g.late.Store(false)
	g.alarm.rung.Store(false)
}

// pause stops the clock until the returned function is called, while Lua waits for others: for the reader of its output, for a build.
func (g *guard) pause() (resume func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.paused.IsZero() {
		return func() {} // inside another one
	}
	g.paused = time.Now()
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.began = g.began.Add(time.Since(g.paused))
		g.paused = time.Time{}
	}
}

// end ends the task that runs, if any, and any that begins from now on. A callback may return, but not take for ever.
func (g *guard) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	switch {
	case g.what == "":
	case g.task:
		g.ring(verdict{})
	default:
		g.cut = time.Now().Add(endGrace)
	}
}

// interrupt ends what runs, if anything, and any task that begins from now on.
func (g *guard) interrupt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	if g.what != "" {
		g.ring(verdict{})
	}
}

// ring has what runs ended for a reason. The first one counts.
func (g *guard) ring(v verdict) {
	if !g.alarm.rung.Load() {
		g.verdict = v
		g.alarm.rung.Store(true)
	}
}

// reason returns why the alarm was rung, "" where that is no error.
func (g *guard) reason() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.verdict.text
}

// look is called now and then while Lua runs.
func (g *guard) look() {
	held, over := uint64(0), false
	if held, over = g.overMemory(); over {
		runtime.GC() // what is held is known only then
		held, over = g.overMemory()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.what == "" {
		return // it has returned meanwhile
	}
	g.late.Store(true)
	now := time.Now()
	switch {
	case over:
		g.ring(g.tooMuch(held))
	case !g.paused.IsZero():
	case !g.cut.IsZero() && now.After(g.cut):
		g.ring(verdict{})
	case g.limit > 0 && now.Sub(g.began) > g.limit:
		g.ring(verdict{fmt.Sprintf("%s runs for more than %v and was ended; --callback-timeout allows more", g.what, g.limit)})
	}
	g.timer.Reset(g.interval())
}

// checkMemory returns an error if more memory is held than is allowed, however little each call took.
func (g *guard) checkMemory() error {
	if _, over := g.overMemory(); !over {
		return nil
	}
	runtime.GC()
	held, over := g.overMemory()
	if !over {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return fmt.Errorf("%s", g.tooMuch(held).text)
}

// reserve is called by Lua's goroutine in a function that is about to take so many bytes at once. It does not return where that is more than is
// allowed: the next look at what is held could come too late.
func (g *guard) reserve(bytes int) {
	const little = 1 << 20
	if bytes < little {
		return
	}
	g.mu.Lock()
	limit := g.memory
	g.mu.Unlock()
	if limit == 0 {
		return
	}
	held := heldMemory()
	if held+uint64(bytes) > limit {
		runtime.GC()
		held = heldMemory()
	}
	if held+uint64(bytes) > limit {
		g.mu.Lock()
		g.ring(g.tooMuch(held + uint64(bytes)))
		g.mu.Unlock()
		g.alarm.check()
	}
}

// overMemory returns how many bytes the heap has, and whether that is more than is allowed. Some of them may be garbage.
func (g *guard) overMemory() (held uint64, over bool) {
	g.mu.Lock()
	limit := g.memory
	g.mu.Unlock()
	if limit == 0 {
		return 0, false
	}
	held = heldMemory()
	return held, held > limit
}

// heldMemory returns how many bytes the heap has, garbage and all.
func heldMemory() uint64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}

// tooMuch is the error about memory. It gives room for what the script still has to say.
func (g *guard) tooMuch(held uint64) verdict {
	v := verdict{fmt.Sprintf("the script holds %s of memory, more than the limit of %s; keep less of what was seen, keep it in a map(), or raise --memory-limit",
		megabytes(held), megabytes(g.memory))}
	g.memory += g.memory / 2
	return v
}

func megabytes(n uint64) string { return fmt.Sprintf("%.0f MB", float64(n)/(1<<20)) }
