package luart

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/builder"
)

// tally adds up the field sequence of records, or refuses them.
type tally struct {
	array
	records, sum uint64
	refuse       error
}

func (c *tally) consume(t *decode.Type) (func(record []byte), error) {
	sequence := t.Field("sequence")
	return func(record []byte) {
		v, _ := sequence.Bits(record)
		c.records++
		c.sum += v
	}, c.refuse
}

// What on_event is given instead of a function gets every record, and callbacks of other streams their own.
func TestConsumer(t *testing.T) {
	run := func(c *tally) (*kernelRun, error) {
		dir := writeProject(t, map[string]string{"project.lua": `target("p") add_files("p.bpf.o")
			on_event("events", tally)
			on_event("copies", function(e) print(e.comm) end)
			entry(function() run("p") test.produce(5000) test.overflow(1) test.interrupt() end)`})
		s := newScript(&builder.Project{Dir: dir}, LoadOptions{})
		defer s.Close()
		s.state.SetGlobal("tally", c)
		if err := s.load(filepath.Join(dir, "project.lua")); err != nil {
			t.Fatal(err)
		}
		s.scope = inScript
		return runScript(t, s, RunOptions{Timeout: forever})
	}
	c := new(tally)
	r, err := run(c)
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "producer\n")
	if c.records != 5000 || c.sum != 5000*4999/2 {
		t.Errorf("%d records with a sum of %d", c.records, c.sum)
	}

	_, err = run(&tally{refuse: errors.New("struct event has no field reason")})
	if ds := diagnostics(t, err); len(ds) != 1 || ds[0].Text != "on_event: struct event has no field reason" || ds[0].Pos.Line != 2 {
		t.Errorf("got %v", err)
	}
}
