package luart

import (
	"fmt"
	"strings"
	"testing"
)

// Aggregations take every event of their stream beside a function, and those that the script never looks at are shown in the end.
func TestOnEventAggregations(t *testing.T) {
	r, err := runKernel(t, `
		local seen, shown = 0, hist{of = "size", by = "comm"}
		target("p") add_files("p.bpf.o")
			on_event("events", function() seen = seen + 1 end)
			on_event("events", count{by = {"comm", "pid"}})
			on_event("events", shown)
			on_event("events", distinct{of = "sequence"})
			on_event("copies", count())
			on_exit(function() print(seen, shown:get("producer")[1].count) end)
		entry(function() run("p") test.produce(5000) test.overflow(3) test.interrupt() end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(r.out.String(), "\n")
	var distinct int
	fmt.Sscan(lines[4], &distinct)
	if distinct < 4900 || distinct > 5100 {
		t.Errorf("%s different numbers of 5000", lines[4])
	}
	lines[4] = "distinct"
	if got, want := strings.Join(lines, "\n"), "5000\t5000\nCOMM      PID  COUNT\nproducer   42   5000\n\ndistinct\n\n3\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Where only aggregations take events, each of them gets every one, in whole batches.
func TestOnEventOnlyAggregations(t *testing.T) {
	for handlers, want := range map[string]string{
		`on_event("events", all)`:                         "12497500\tnil\n",
		`on_event("events", all) on_event("events", few)`: "12497500\t4997\n",
	} {
		r, err := runKernel(t, `
			local all, few = sum{by = {"comm", "pid"}, of = "sequence"}, count{by = "sequence", max_keys = 3}
			target("p") add_files("p.bpf.o") `+handlers+`
				on_exit(function() print(all:get("producer", 42), few:other()) end)
			entry(function() run("p") test.produce(5000) test.interrupt() end)`, RunOptions{Timeout: forever})
		if err != nil {
			t.Fatal(err)
		}
		r.expect(t, want)
	}
}

// What is shown unasked for is JSON where events are.
func TestAggregationsAsJSON(t *testing.T) {
	r, err := runLoaded(t, `target("p") add_files("p.bpf.o") on_event("events", count{by = "pid"}) on_event("copies", function() end)
		entry(function() run("p") test.produce(2) test.interrupt() end)`, LoadOptions{JSON: true}, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, `[{"pid":42,"count":2}]`+"\n")
}

// A field that events do not have is told at the line of on_event, before the first event.
func TestAggregationErrors(t *testing.T) {
	for text, want := range map[string]string{
		`count{by = "com"}`:                  "on_event: count: struct event has no field com (did you mean comm?)",
		`sum{by = "comm", of = "comm"}`:      "on_event: sum: comm of struct event is no number but char[16]",
		`hist{by = "comm"}`:                  "on_event: hist: of says whose values to take; the numbers of struct event are sequence, time, pid, size",
		`count{by = "value"}, "surplus"`:     "on_event: expected a string, got an aggregation",
		`lhist{of="pid",from=0,to=1,step=1}`: "",
	} {
		script := `target("p") add_files("p.bpf.o")
			on_event(` + text + `)
			entry(function() run("p") stop() end)`
		s, err := loadText(t, script, LoadOptions{})
		if err == nil {
			_, err = runScript(t, s, RunOptions{Timeout: forever})
		}
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		ds := diagnostics(t, err)
		if len(ds) != 1 || !strings.HasSuffix(ds[0].Text, want) || ds[0].Pos.Line != 2 {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
