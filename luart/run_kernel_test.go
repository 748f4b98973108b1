package luart

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// Every event reaches its callback, whole and in order, and what follows has its turn.
func TestEventsArrive(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local n, next_number = 0, 0
    on_load(function() print("load") end)
    on_event("events", function(e)
        assert(e.sequence == next_number and e.comm == "producer" and e.pid == 42 and #e.value == 3, tostring(e))
        next_number = next_number + 1
        n = n + 1
        if n == 10000 then stop("p") end
    end)
    on_exit(function() print("exit", n) end)
entry(function()
    local h = run("p")
    print(h, h.name)
    test.produce(10000)
    wait("p")
    print("after", n)
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "load\ntarget p\tp\nexit\t10000\nafter\t10000\n")
	if s := r.stats["p"]; s.Events != 10000 || s.Lost != 0 || len(r.discarded) > 0 || len(r.notices) > 0 {
		t.Errorf("got %+v, %v, %v", s, r.discarded, r.notices)
	}
}

// What the end of the run finds in the rings is delivered; what stop finds there is not, but counted.
func TestQueuedEvents(t *testing.T) {
	const script = `
target("p") add_files("p.bpf.o")
    local n = 0
    on_event("events", function(e) n = n + 1 HOW end)
    on_exit(function() print(n) end)
entry(function()
    run("p")
    test.produce(5000)
    WHAT
end)`
	for _, test := range []struct {
		name, how, what string
		delivered       string
		discarded       uint64
	}{
		{"interrupt", "", `test.interrupt()`, "5000\n", 0},
		{"interrupt and sleep", "", `test.interrupt() sleep(1e9)`, "5000\n", 0},
		{"stop by name", "", `stop("p")`, "0\n", 5000},
		{"stop by handle", "", `stop("p")`, "0\n", 5000},
		{"stop", "", `stop()`, "0\n", 5000},
		{"stop in a callback", `if n == 10 then stop("p") end`, `wait()`, "10\n", 4990},
		{"stop twice", `if n == 10 then stop("p") stop("p") stop() stop() end`, `wait()`, "10\n", 4990},
		{"stop while interrupted", `if n == 10 then stop("p") end`, `test.interrupt()`, "10\n", 4990},
		{"exit", `if n == 10 then os.exit() end`, `wait()`, "10\n", 4990},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := runKernel(t, strings.NewReplacer("HOW", test.how, "WHAT", test.what).Replace(script), RunOptions{Timeout: forever})
			if err != nil {
				t.Fatal(err)
			}
			r.expect(t, test.delivered)
			if r.discarded["p"] != test.discarded || r.stats["p"].Events != 5000 {
				t.Errorf("%d discarded, %+v", r.discarded["p"], r.stats["p"])
			}
		})
	}
}

// The run ends at its timeout, whatever the script is at.
func TestTimeoutWithEvents(t *testing.T) {
	for name, script := range map[string]string{
		"default entry": `target("p") add_files("p.bpf.o") on_event("events", function() end)`,
		"entry waits":   `target("p") add_files("p.bpf.o") on_event("events", function() end) entry(function() run("p") wait() error("not reached") end)`,
	} {
		t.Run(name, func(t *testing.T) {
			var r *kernelRun
			var err error
			// On a busy machine the time may be over before the program is attached, which is an error.
			for timeout := 300 * time.Millisecond; timeout < time.Minute; timeout *= 4 {
				if r, err = runKernel(t, script, RunOptions{Timeout: timeout}); err == nil || !strings.Contains(err.Error(), "before it was attached") {
					break
				}
			}
			if err != nil || len(r.ended) != 1 {
				t.Errorf("got %v, ended %v", err, r.ended)
			}
		})
	}
}

// Timers run as coroutines while their target runs, and never twice at once.
func TestTimers(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local ticks, inside, slow, n = 0, 0, 0, 0
    on_event("events", function() n = n + 1 end)
    every(2, function()
        ticks = ticks + 1
        if ticks == 1 then test.produce(100) end
        if ticks >= 20 and n == 100 then
            stop("p")
            sleep(1)
            print("the tick in progress goes on")
        end
    end)
    every(1, function()
        assert(inside == 0)
        inside = inside + 1
        pcall(sleep, 5)
        inside = inside - 1
        slow = slow + 1
    end)
entry(function()
    local started = now()
    run("p")
    wait("p")
    assert(slow <= (now() - started) / 5e6)
    local after = ticks
    sleep(20)
    assert(ticks == after)
    print("ended")
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	if out := r.out.String(); !strings.Contains(out, "the tick in progress goes on\n") || !strings.HasSuffix(out, "ended\n") {
		t.Errorf("the script printed %q", out)
	}
}

// Targets can be run again, side by side, from callbacks and from timers.
func TestRunMany(t *testing.T) {
	r, err := runKernel(t, `
target("a") add_files("p.bpf.o")
    local from_a, from_b = 0, 0
    on_event("events", function()
        from_a = from_a + 1
        if from_a == 1 then
            local b = run("b") -- while all else waits
            print(b.name)
            local ok, message = pcall(run, "b")
            print(ok, message:match("run: .*"))
        end
    end)
    every(1, function()
        if from_a == 1 and from_b == 0 then test.produce(1) end
    end)
target("b") add_files("p.bpf.o")
    on_event("events", function() from_b = from_b + 1 stop("b") end)
entry(function()
    for i = 1, 2 do
        from_a, from_b = 0, 0
        local a = run("a")
        test.produce(1)
        wait("b")
        while from_b == 0 do sleep(1) end
        wait("b")
        a:stop()
        a:stop()
        wait()
        print(from_a >= 2, from_b)
    end
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	const once = "b\nfalse\trun: target \"b\" is running already\ntrue\t1\n"
	r.expect(t, once+once)
	if got := strings.Join(r.ended, " "); got != "b a b a" {
		t.Errorf("ended: %s", got)
	}
}

// A target may be run again as soon as it was stopped, while its last events are still on their way.
func TestRunAfterStop(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local n = 0
    on_event("events", function() n = n + 1 end)
entry(function()
    for i = 1, 5 do
        run("p")
        test.produce(10)
        stop("p")
    end
    run("p")
    test.produce(10)
    while n < 10 do sleep(1) end
    stop("p")
    wait("p")
    print(n)
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "10\n")
	if len(r.ended) != 6 {
		t.Errorf("ended: %v", r.ended)
	}
}

// on_lost tells of exactly the losses, stream by stream.
func TestLosses(t *testing.T) {
	const produced = 1 << 18
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local taken, lost = 0, 0
    on_event("copies", function(e) taken = taken + 1 end)
    on_lost(function(stream, n)
        assert(stream == "copies" and n > 0)
        lost = lost + n
    end)
    on_exit(function() print(taken + lost, lost > 0) end)
entry(function()
    run("p")
    test.overflow(262144)
    while lost == 0 do sleep(10) end
    test.interrupt()
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "262144\ttrue\n")
	if s := r.stats["p"]; s.Events+s.Lost != produced || !s.LostKnown {
		t.Errorf("%+v of %d", s, produced)
	}
}

// Streams that no callback takes go to their sink, all of them.
func TestSink(t *testing.T) {
	sink := &countingSink{counts: make(map[string]int)}
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local n = 0
    on_event("events", function() n = n + 1 end)
entry(function()
    run("p")
    test.produce(100)
    test.overflow(50)
    while n < 100 do sleep(1) end
    stop("p")
end)`, RunOptions{Timeout: forever, Sink: func(*bpf.Stream) output.Sink { return sink }})
	if err != nil {
		t.Fatal(err)
	}
	if len(sink.counts) != 1 || sink.counts["copies"] != 50 || !sink.flushed {
		t.Errorf("the sink got %v, flushed: %v", sink.counts, sink.flushed)
	}
	if s := r.stats["p"]; s.Events != 150 {
		t.Errorf("%+v", s)
	}
}

// A sink that fails ends the run.
func TestSinkFails(t *testing.T) {
	broken := errors.New("no paper")
	sink := &countingSink{counts: make(map[string]int), fail: broken}
	_, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    on_exit(function() print("exit") end)
entry(function() run("p") test.produce(1) wait() end)`,
		RunOptions{Timeout: forever, Sink: func(*bpf.Stream) output.Sink { return sink }})
	if !errors.Is(err, broken) || err.Error() != "write events of events: no paper" {
		t.Errorf("got %v", err)
	}
}

// Errors in what the loop calls end the run at their line, with everything detached.
func TestCallbackErrors(t *testing.T) {
	const (
		entry = "\nentry(function() run(\"p\") test.produce(5) wait() end)"
		begin = "target(\"p\") add_files(\"p.bpf.o\")\n"
		exit  = "\non_exit(function() print(\"exit\") end)"
	)
	for _, test := range []struct{ name, script, want string }{
		{"on_event", `on_event("events", function(e) error("bad event") end)`, "bad event"},
		{"on_event below a function", `local function f(e) return e.pid.x end on_event("events", function(e) f(e) end)`, "attempt to index a number with key 'x'"},
		{"on_load", `on_load(function() error("bad load") end)`, "bad load"},
		{"on_exit", `on_exit(function() error("bad exit") end) on_event("events", function() stop("p") end)`, "bad exit"},
		{"every", `every(1, function() sleep(1) error("bad tick") end)`, "bad tick"},
		{"sleep in a callback", `on_event("events", function() sleep(1) end)`, "sleep: a callback cannot wait, for events would pile up behind it; wait in entry(function() ... end) or use every(ms, fn)"},
		{"wait in a callback", `on_load(function() wait() end)`, "wait: a callback cannot wait"},
		{"sleep in a coroutine of a callback", `on_event("events", function() coroutine.wrap(function() sleep(1) end)() end)`, "sleep: a callback cannot wait"},
		{"sleep below sort in a timer", `every(1, function() table.sort({1, 2}, function() sleep(1) end) end)`, "sleep: cannot pause here"},
		{"an unknown stream", `on_event("evnts", function() end)`, `on_event: p has no stream or event type "evnts" (did you mean events?); it has events (struct event), copies (struct event), samples`},
		{"an unknown target", `on_event("events", function() run("q") end)`, `no target named "q" (there is: p)`},
		{"an unknown global", `set_globals{nothing = 5}`, "set_globals: "},
		{"a place that is none", `attach_to("produce", "syscalls:sys_enter_getpriorty")`, "sys_enter_getpriority"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := runKernel(t, begin+test.script+exit+entry, RunOptions{Timeout: forever})
			var d *diag.Diagnostic
			if !errors.As(err, &d) {
				t.Fatalf("got %v, no Diagnostic", err)
			}
			if d.Line != 2 || !strings.Contains(d.Text, test.want) {
				t.Errorf("got %v, want line 2: %s", d, test.want)
			}
			if len(r.ended) > 0 && r.out.String() != "exit\n" {
				t.Errorf("the script printed %q, want exit", r.out.String())
			}
		})
	}
}

// One callback takes several streams when it names none, and one that names a stream takes it from that.
func TestStreams(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local named, others = 0, 0
    on_event("events", function() named = named + 1 end)
    on_event("event", function() others = others + 1 end)
entry(function()
    run("p")
    test.produce(3)
    test.overflow(4)
    while named + others < 10 do sleep(1) end
    print(named, others)
    stop("p")
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "3\t7\n") // both ways of naming events take it
}

// Events can be kept: they do not change.
func TestEventsAreKept(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local kept = {}
    on_event("events", function(e)
        kept[#kept + 1] = e
        if #kept == 20000 then
            for i, e in ipairs(kept) do
                assert(e.sequence == i - 1 and e.comm == "producer")
            end
            sort(kept, "-sequence")
            print(kept[1].sequence, kept[20000].sequence, now() > 0)
            stop()
        end
    end)
entry(function() run("p") test.produce(20000) wait() end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "19999\t0\ttrue\n")
}

// Events of one target arrive while another one is being built.
func TestEventsWhileBuilding(t *testing.T) {
	object := writeProducer(t)
	arrived := make(chan struct{})
	build := func(ctx context.Context, target *builder.Target) (string, error) {
		if target.Name == "a" {
			return object, nil
		}
		select {
		case <-arrived:
			return object, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	r, err := runKernel(t, `
target("a") add_files("p.bpf.o")
    on_event("events", function(e) test.arrived() end)
    every(1, function() test.produce(1) end)
target("b") add_files("p.bpf.o")
    on_event("events", function(e) end)
entry(function()
    run("a")
    print(run("b"))
    stop()
end)`, RunOptions{Timeout: forever, Build: build}, hostFunction{"arrived", sync.OnceFunc(func() { close(arrived) })})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "target b\n")
}
