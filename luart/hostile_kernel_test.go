package luart

import (
	"testing"
)

// Scripts do odd things in odd places; events that are queued meanwhile are delivered or counted, once each.
func TestOddPlaces(t *testing.T) {
	const begin = `target("p") add_files("p.bpf.o")` + "\n"
	for _, test := range []struct{ name, script, printed string }{
		{"run from a callback", `
			local events = 0
			on_event("events", function(event)
				events = events + 1
				if events == 1 then
					local q = run("q")
					assert(q.name == "q" and not pcall(run, "p"))
				end
				if events == 3 then print("three") stop() end
			end)
			on_load(function() test.produce(3) end)
			target("q") set_default(false) add_files("q.bpf.o") on_load(function() print("q") end)`, "q\nthree\n"},
		{"stop from a timer while events are queued", `
			local events, stopped = 0
			on_event("events", function(event) assert(not stopped) events = events + 1 end)
			every(1, function() test.produce(5000) stop("p") stopped = true end)
			on_exit(function() print(stopped) end)`, "true\n"},
		{"stop, twice, in on_exit", `
			on_load(function() stop() end)
			on_exit(function() stop() stop("p") print("exit") end)`, "exit\n"},
		{"run in on_exit", `
			local again = false
			on_load(function() stop("p") end)
			on_exit(function() if not again then again = true print(pcall(run, "p")) end end)`, "true\ttarget p\n"},
		{"a million events are kept", `
			local kept, n = {}, 0
			on_event("events", function(event)
				n = n + 1
				kept[n] = event
				if n % 100000 == 0 then
					if n == 1000000 then stop() else test.produce(100000) end
				end
			end)
			on_load(function() test.produce(100000) end)
			on_exit(function()
				for i, e in ipairs(kept) do
					if e.sequence ~= (i - 1) % 100000 or e.comm ~= "producer" then error(tostring(e)) end
				end
				print(#kept)
			end)`, "1000000\n"},
		{"an iterator of an event outlives it", `
			local next_field, first
			on_event("events", function(event)
				if not first then first = event next_field = pairs(event) end
				if event.sequence == 2 then
					local k, v = next_field(first, "time")
					print(k, v, first.sequence) stop()
				end
			end)
			on_load(function() test.produce(3) end)`, "pid\t42\t0\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := runKernel(t, begin+test.script, RunOptions{Timeout: forever})
			if err != nil {
				t.Fatal(err)
			}
			r.expect(t, test.printed)
		})
	}
}
