package luart

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// endless are ways not to return.
var endless = map[string]string{
	"while":                         `while true do end`,
	"repeat":                        `repeat until false`,
	"for":                           `for i = 1, math.huge do end`,
	"for in":                        `for k in function() return 1 end do end`,
	"goto":                          `::again:: goto again`,
	"goto out of a block":           `::again:: do local x = 1 if x then goto again end end`,
	"tail calls":                    `local function f() return f() end f()`,
	"mutual tail calls":             `local g local function f() return g() end g = function() return f() end f()`,
	"recursion without loops":       `local function f(n) if n > 0 then f(n - 1) f(n - 1) end end f(150)`,
	"metamethods":                   `local t = setmetatable({}, {__index = function(t, k) if k == 0 then return 1 end return t[k - 1] + t[k - 1] end}) local x = t[100]`,
	"metamethods of arithmetic":     `local t, n = nil, 0 local mt = {__add = function(a, b) n = n + 1 if n < 60 then local _ = a + b local _ = a + b end n = n - 1 end} t = setmetatable({}, mt) local _ = t + t`,
	"metamethods of comparisons":    `local t, n = nil, 0 local mt = {__lt = function(a, b) n = n + 1 if n < 60 then local _ = a < b local _ = a < b end n = n - 1 end} t = setmetatable({}, mt) local _ = t < t`,
	"metamethods of concatenations": `local t, n = nil, 0 local mt = {__concat = function(a, b) n = n + 1 if n < 60 then local _ = a .. b local _ = a .. b end n = n - 1 end} t = setmetatable({}, mt) local _ = t .. t`,
	"metamethods of unary minus":    `local t, n = nil, 0 local mt = {__unm = function(a) n = n + 1 if n < 60 then local _ = -a local _ = -a end n = n - 1 end} t = setmetatable({}, mt) local _ = -t`,
	"metamethods of fields":         `local t, n = nil, 0 local mt = {__index = function(a) n = n + 1 if n < 60 then local _ = a.x local _ = a.x end n = n - 1 end} t = setmetatable({}, mt) local _ = t.x`,
	"metamethods of assignments":    `local t, n = nil, 0 local mt = {__newindex = function(a) n = n + 1 if n < 60 then a.x = 1 a.x = 1 end n = n - 1 end} t = setmetatable({}, mt) t.x = 1`,
	"a large text in JSON":          `json.decode("[" .. string.rep("1,", 3e7) .. "1]")`,
	"caught":                        `while true do pcall(function() while true do end end) end`,
	"caught by a handler":           `while true do xpcall(function() while true do end end, function() while true do end end) end`,
	"in a coroutine":                `coroutine.wrap(function() while true do end end)()`,
	"resumed again and again":       `while true do coroutine.resume(coroutine.create(function() while true do end end)) end`,
	"in code made by load":          `loadstring("while true do end")()`,
	"in a comparison":               `table.sort({3, 2, 1}, function() while true do end end)`,
	"in a replacement":              `string.gsub("aaa", "a", function() while true do end end)`,
	"in JSON of tables":             `local t = {} for i = 1, 50 do t = {t, t} end json.encode(t)`,
	"in JSON of maps":               `local m = map() for i = 1, 50 do local n = map() n.a, n.b = m, m m = n end json.encode(m)`,
	"in __tostring":                 `tostring(setmetatable({}, {__tostring = function() while true do end end}))`,
}

// What does not return is ended with an error that names it and shows where it was, whatever protects it; and the run ends in order.
func TestCallbackTimeout(t *testing.T) {
	const limit = 50 * time.Millisecond
	for name, code := range endless {
		t.Run("entry/"+name, func(t *testing.T) {
			s, err := loadText(t, "entry(function()\n"+code+"\nend)", LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectEnded(t, s.Run(t.Context(), nil, RunOptions{Timeout: forever, CallbackTimeout: limit}), "entry")
		})
	}
	for _, name := range []string{"while", "caught", "recursion without loops"} {
		for what, script := range map[string]string{
			"the timer":                "every(1, function()\n%s\nend)",
			"the callback of on_event": "on_event(\"events\", function(event)\n%s\nend) on_load(function() test.produce(3) end)",
			"the callback of on_load":  "on_load(function()\n%s\nend)",
			"the callback of on_exit":  "on_exit(function()\n%s\nend) on_load(function() stop(\"p\") end)",
		} {
			t.Run(what+"/"+name, func(t *testing.T) {
				script = `target("p") add_files("p.bpf.o") ` + fmt.Sprintf(script, endless[name])
				r, err := runKernel(t, script, RunOptions{Timeout: forever, CallbackTimeout: limit})
				if d := expectEnded(t, err, what); d != nil && !strings.Contains(d.Detail, "in target p") {
					t.Errorf("the error does not tell the target:\n%s", d.Detail)
				}
				if len(r.ended) != 1 {
					t.Errorf("%d targets ended, want 1", len(r.ended))
				}
			})
		}
	}
}

// expectEnded checks that err is about what took too long in lines 1 to 3.
func expectEnded(t *testing.T, err error, what string) *diag.Diagnostic {
	t.Helper()
	var d *diag.Diagnostic
	if !errors.As(err, &d) || !strings.HasPrefix(d.Text, what+" runs for more than 50ms and was ended; ") || d.Line < 1 || d.Line > 3 {
		t.Errorf("got %v", err)
		return nil
	}
	return d
}

// The end of the run that somebody asks for ends what does not return, without an error.
func TestInterruptEndsCallback(t *testing.T) {
	for name, code := range map[string]string{
		"loop":   `while true do end`,
		"caught": `while true do pcall(function() while true do end end) end`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runKernel(t, `target("p") add_files("p.bpf.o")
				on_event("events", function(event) test.interrupt() `+code+` end)
				on_load(function() test.produce(1) end)`, RunOptions{})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A callback that takes its time is no reason to end it, nor are many of them in a row, a build, or a slow reader.
func TestCallbackTimeoutCountsOneCall(t *testing.T) {
	const limit = time.Second
	r, err := runKernel(t, `target("p") add_files("p.bpf.o")
		local n = 0
		on_event("events", function(event)
			local before = now()
			while now() - before < 30e6 do end
			n = n + 1
			if n == 40 then print("forty") stop() end
		end)
		on_load(function() test.produce(40) end)`, RunOptions{Timeout: forever, CallbackTimeout: limit})
	if err != nil || r.out.String() != "forty\n" {
		t.Errorf("got %v, printed %q", err, r.out.String())
	}
}

// Waiting for others is not the callback's time.
func TestCallbackTimeoutWaits(t *testing.T) {
	s, err := loadText(t, `entry(function()
		assert(os.execute("sleep 0.6") == 0)
		local program = io.popen("sleep 0.6; echo done")
		print(program:read())
		program:close()
	end)`, LoadOptions{AllowHost: true})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := s.Run(t.Context(), nil, RunOptions{CallbackTimeout: 500 * time.Millisecond, Stdout: &out}); err != nil || out.String() != "done\n" {
		t.Errorf("%v, printed %q", err, out.String())
	}
}

// heapSize returns how many bytes the process holds now.
func heapSize() uint64 {
	for range 3 {
		runtime.GC() // what earlier tests left, also in pools, would be room for this one
	}
	return heldMemory()
}

// A script that holds more and more is ended before the machine is, and still says what it has to say.
func TestMemoryLimit(t *testing.T) {
	const room = 64 << 20
	for name, script := range map[string]string{
		"in one call of entry": `entry(function() local t = {} while true do t[#t + 1] = string.rep("x", 1000) .. #t end end)`,
		"protected":            `entry(function() local t = {} while true do pcall(function() while true do t[#t + 1] = string.rep("x", 1000) .. #t end end) end end)`,
		"one string":           `entry(function() local s = "x" while true do s = s .. s end end)`,
		"without a loop":       `entry(function() local a = string.rep("x", 6e7) local b = string.rep("y", 6e7) local c = a:upper() print("not reached") end)`,
		"one list":             `entry(function() local a, t = string.rep("x", 1e6), {} for i = 1, 200 do t[i] = a end local s = table.concat(t) print("not reached") end)`,
		"piece by piece":       `local t = {} every(1, function() for i = 1, 1000 do t[#t + 1] = string.rep("x", 1000) .. #t end end)`,
		"in callbacks":         `local kept = {} on_event("events", function(event) kept[#kept + 1] = event end) every(1, function() test.produce(1e4) end)`,
	} {
		t.Run(name, func(t *testing.T) {
			text := `target("p") add_files("p.bpf.o") on_exit(function() print("results") end) ` + script
			limit := heapSize() + room
			r, err := runLoaded(t, text, LoadOptions{MemoryLimit: limit}, RunOptions{Timeout: forever})
			if err == nil || !strings.Contains(err.Error(), "the script holds ") || !strings.Contains(err.Error(), "--memory-limit") {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(r.out.String(), "not reached") {
				t.Errorf("the script printed %q", r.out.String())
			}
			if !strings.HasPrefix(script, "entry") && r.out.String() != "results\n" {
				t.Errorf("the script printed %q", r.out.String())
			}
		})
	}
}

// Errors of callbacks and timers are counted where the run is to go on.
func TestKeepGoing(t *testing.T) {
	var failed []error
	opts := RunOptions{
		Timeout:   forever,
		KeepGoing: true,
		Failed:    func(_ *builder.Target, err error) { failed = append(failed, err) },
	}
	r, err := runKernel(t, `target("p") add_files("p.bpf.o")
		local n, ticks = 0, 0
		on_event("events", function(event)
			n = n + 1
			if n == 100 then stop() end
			if event.sequence % 2 == 1 then error("odd") end
		end)
		every(1, function() ticks = ticks + 1 error("tick") end)
		on_exit(function() print(n) error("exit") end)
		on_load(function() test.produce(100) end)`, opts)
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code() != 1 {
		t.Errorf("got %v, want exit code 1", err)
	}
	r.expect(t, "100\n")
	var odd, others int
	for _, err := range failed {
		var d *diag.Diagnostic
		if errors.As(err, &d) && d.Text == "odd" {
			odd++
			if d.Line != 6 || !strings.Contains(d.Detail, "in target p, for the event {sequence=1, time=0, pid=42, size=64, comm=\"producer\"") {
				t.Errorf("got %v\n%s", d, d.Detail)
			}
		} else {
			others++
		}
	}
	if odd != 1 || others > 2 {
		t.Errorf("%d errors of the callback and %d others were told, want 1 and at most 2", odd, others)
	}
	if !strings.Contains(strings.Join(r.notices, "\n"), ":6: odd (50 times)") {
		t.Errorf("the notices are %q", r.notices)
	}
}

// What had to be ended ends the run even so.
func TestKeepGoingEnds(t *testing.T) {
	for name, script := range map[string]string{
		"entry":   `entry(function() error("broken") end)`,
		"on_load": `on_load(function() error("broken") end)`,
		"endless": `on_event("events", function() while true do end end) on_load(function() test.produce(1) end)`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runKernel(t, `target("p") add_files("p.bpf.o") `+script, RunOptions{Timeout: forever, KeepGoing: true, CallbackTimeout: 50 * time.Millisecond})
			var d *diag.Diagnostic
			if !errors.As(err, &d) {
				t.Errorf("got %v", err)
			}
		})
	}
}
