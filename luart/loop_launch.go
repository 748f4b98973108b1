package luart

import (
	"errors"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// launch is a target on its way into the kernel.
type launch struct {
	target   *builder.Target
	unwanted bool // it was stopped meanwhile
	now      bool // the loop itself launches, and waits for it
	measure  bool // the kernel is to measure its programs from the start
	held     bool // see loop_hold.go

	// Set by the goroutine that launches; the loop's once that is done.
	object   *bpf.Object
	kernel   *bpf.Instance
	replaces bool   // kernel takes over from another
	was      string // the target of which that is
	notices  []string
	err      error

	instance *instance // once it is held
}

// startTarget starts t without holding up the loop, and then calls started with the result.
func (l *loop) startTarget(t *builder.Target, measure bool, started func(*instance, error)) {
	la := l.takePrepared(t)
	la.measure, la.held = measure, l.holds()
	l.launching = append(l.launching, la)
	go func() {
		la.err = l.launch(la)
		l.posted <- func() { started(l.begin(l.script.state, la)) }
	}()
}

// startTargetNow starts t while everything else waits. L is the state that runs.
func (l *loop) startTargetNow(L *lua.LState, t *builder.Target, measure bool) (*instance, error) {
	la := l.takePrepared(t)
	la.measure, la.held = measure, l.holds()
	l.launching = append(l.launching, la)
	la.now = true
	resume := l.guard.pause() // the build is not the callback's time
	la.err = l.launch(la)
	resume()
	return l.begin(L, la)
}

// launch builds and loads the target, unless that was done before, and attaches it, or stages it where it takes over from another. It may be called from any goroutine.
func (l *loop) launch(la *launch) error {
	if la.kernel == nil {
		if err := l.load(la); err != nil {
			return err
		}
	}
	kernel := la.kernel
	la.kernel = nil
	if la.measure {
		if err := kernel.MeasurePrograms(); err != nil {
			la.notice(err.Error())
		}
	}
	var skipped []*bpf.AttachError
	var err error
	if la.replaces {
		err = kernel.Stage()
	} else {
		_, skipped, err = kernel.Attach()
	}
	if err != nil {
		_ = kernel.Close() // why it could not be attached tells more
		return atHook(la.target, fmt.Errorf("run %s: %w", la.target.Name, err))
	}
	for _, sentence := range bpf.Sentences(skipped) {
		la.notice(sentence)
	}
	la.kernel = kernel
	return nil
}

// load builds and loads the target. It may be called from any goroutine.
func (l *loop) load(la *launch) error {
	path, err := l.buildTarget(la)
	if err != nil {
		return err
	}
	err = l.loadObject(la, path)
	if refusals(la, err) > 0 && isCompiled(la.target) {
		err = l.tryLevels(la, err)
	}
	return err
}

// loadObject loads the target's object from path.
func (l *loop) loadObject(la *launch, path string) (err error) {
	t := la.target
	if la.object, err = l.opts.Open(t, path); err != nil {
		return fmt.Errorf("run %s: %w", t.Name, err)
	}
	if err := l.script.configure(t, la.object); err != nil {
		return err
	}
	if err := l.starts.Err(); err != nil {
		return err
	}
	opts := bpf.LoadOptions{
		Hooks: hooks(t), Notice: la.notice, Verbose: l.verbose(t), Text: &iteratorOutput{l}, Strict: l.opts.Strict, BTF: l.opts.BTF,
		Replaceable: l.opts.Replaceable,
	}
	if la.held {
		opts.Replace, la.was = l.predecessor(t)
	}
	if la.kernel, err = la.object.Load(opts); err != nil && opts.Replace != nil && l.opts.Replace.kernel(la.was) == nil {
		opts.Replace = nil // it ended meanwhile
		la.kernel, err = la.object.Load(opts)
	}
	la.replaces = opts.Replace != nil
	if err != nil {
		return atHook(t, fmt.Errorf("run %s: %w", t.Name, err))
	}
	return nil
}

func (la *launch) notice(text string) { la.notices = append(la.notices, text) }

// buildTarget builds a target, with the functions that are to be called around that.
func (l *loop) buildTarget(la *launch) (string, error) {
	t := la.target
	hooked := l.script.hasBuildHooks(t)
	if hooked {
		if err := l.onLoop(la.now, func() error { return l.script.BeforeBuild(t) }); err != nil {
			return "", err
		}
	}
	path, err := l.compile(t)
	if err == nil && hooked {
		err = l.onLoop(la.now, func() error { return l.script.AfterBuild(map[*builder.Target]string{t: path}) })
	}
	return path, err
}

// compile brings the object of t up to date, one target at a time.
func (l *loop) compile(t *builder.Target) (string, error) {
	l.build.Lock()
	defer l.build.Unlock()
	if err := l.starts.Err(); err != nil {
		return "", err
	}
	return l.allotted.without(func() (string, error) { return l.opts.Build(l.starts, t) })
}

// hooks returns the attach points that t names itself.
func hooks(t *builder.Target) []bpf.Hook {
	hooks := make([]bpf.Hook, len(t.Hooks))
	for i, h := range t.Hooks {
		hooks[i] = bpf.Hook{
			Program:  h.Program,
			Kind:     t.Kind,
			Where:    h.Where,
			Binary:   h.Binary,
			PID:      h.PID,
			Offset:   h.Offset,
			Cookie:   h.Cookie,
			Retprobe: h.Retprobe,
			CPU:      h.CPU,
			Mode:     h.Mode,
			Priority: h.Priority,
			Map:      h.Map,
			Cgroup:   h.Cgroup,
			Order:    h.Order,
		}
		if h.Binary == "" {
			hooks[i].Binary = t.Binary
		}
	}
	return hooks
}

// atHook gives err the position of the attach_to that it is about, if it is about one.
func atHook(t *builder.Target, err error) error {
	var failed *bpf.AttachError
	if !errors.As(err, &failed) {
		return err
	}
	for _, h := range t.Hooks {
		if failed.Section == "" && h.Program == failed.Program && h.Where == failed.Where {
			return diag.Errorf(h.Pos, "%w", failed)
		}
	}
	return err
}

// begin makes a launched target a running one. L is the state that runs.
func (l *loop) begin(L *lua.LState, la *launch) (*instance, error) {
	t := la.target
	l.launching = slices.DeleteFunc(l.launching, func(other *launch) bool { return other == la })
	for _, text := range la.notices {
		l.opts.Notice(t.Name + ": " + text)
	}
	if la.err != nil {
		if l.outer.Err() != nil {
			l.tooLate(t) // that is why it failed
			l.end(false)
		}
		return nil, la.err
	}
	i := &instance{
		target:   t,
		handlers: l.script.handlers[t],
		kernel:   la.kernel,
		measures: la.measure,
		started:  time.Now(),
	}
	i.handle = l.newHandle(i)
	var err error
	if i.routes, err = l.routes(i); err != nil {
		_ = i.kernel.Close() // why it takes no events tells more
		return nil, err
	}
	l.script.addEnumerators(la.object.Enumerators())
	l.instances = append(l.instances, i)
	l.collectSinks()

	if la.unwanted || l.ending {
		i.stop(true)
	}
	for _, fn := range i.handlers.load {
		if i.stopped {
			break
		}
		if err := l.call(L, "the callback of on_load", fn, i.handle); err != nil {
			l.fail(l.blame(i, err, nil))
		}
	}
	if la.held {
		la.instance = i
		l.held = append(l.held, la)
		return i, nil
	}
	l.running.began(t.Name, i.kernel)
	return i, l.read(i)
}

// read begins to read what i sends and sets its timers, or ends i where it was stopped.
func (l *loop) read(i *instance) error {
	if i.stopped {
		l.finish(i, nil) // no reader will say that it ended
		return nil
	}
	if err := i.kernel.Start(l.batches); err != nil {
		l.abandon(i)
		return fmt.Errorf("run %s: %w", i.target.Name, err)
	}
	for _, t := range i.handlers.timers {
		l.every(i, t, time.Now().Add(t.interval))
	}
	if len(i.handlers.lost) > 0 {
		l.watchLosses()
	}
	l.watch(i)
	return nil
}

// abandon removes an instance that never began to deliver.
func (l *loop) abandon(i *instance) {
	i.stopped = true
	l.instances = slices.DeleteFunc(l.instances, func(other *instance) bool { return other == i })
	l.collectSinks()
	l.running.ended(i.target.Name, i.kernel)
	if err := i.kernel.Close(); err != nil {
		l.fail(fmt.Errorf("close %s: %w", i.target.Name, err))
	}
}

// every calls a timer at the given time and from then on, as long as i runs. The times do not drift; those at
// which the call before has not returned are left out.
func (l *loop) every(i *instance, t timer, at time.Time) {
	busy := false
	var tick func()
	tick = func() {
		if i.stopped {
			return
		}
		late := time.Since(at) / t.interval
		at = at.Add((late + 1) * t.interval)
		l.at(at, tick)
		if !busy {
			busy = true
			l.spawn("the timer", t.fn, []lua.LValue{i.handle}, func(err error) {
				busy = false
				if err != nil {
					l.raised(i, l.blame(i, err, nil))
				}
			})
		}
	}
	l.at(at, tick)
}

// collectSinks finds the sinks of all instances. Streams may share one.
func (l *loop) collectSinks() {
	l.sinks = nil
	for _, i := range l.instances {
		for _, stream := range i.kernel.Streams() {
			if sink := i.routes[stream].sink; sink != nil && !slices.Contains(l.sinks, sink) {
				l.sinks = append(l.sinks, sink)
			}
		}
	}
}
