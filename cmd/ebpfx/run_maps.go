package main

import (
	"slices"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/bpf/stack"
	"github.com/ebpfx/ebpfx/builder"
)

// speaksThroughMaps reports whether what the program found out is in its maps: it sends no events, and
// prints no text as iterators do.
func (p *program) speaksThroughMaps() bool {
	if len(p.object.Streams()) > 0 {
		return false
	}
	return slices.ContainsFunc(p.object.Programs(), func(prog bpf.Program) bool { return prog.Kind != "iter" })
}

// mapWatcher returns what prints the maps of a program that runs.
func (c *call) mapWatcher() func(*builder.Target, *bpf.Instance, bool) error {
	symbols := &stack.Names{}
	var sink interface {
		WriteMaps(s *bpf.Snapshot, last bool) error
	}
	switch c.flags.output {
	case "json":
		sink = output.NewMapsJSON(c.stdout, symbols, c.values()...)
	case "none":
		return nil
	default:
		sink = output.NewMaps(c.stdout, terminalWidth(c.stdout), symbols, c.values()...)
	}
	told := false
	return func(_ *builder.Target, kernel *bpf.Instance, last bool) error {
		snapshot, err := kernel.Snapshot()
		if err != nil {
			return err
		}
		err = sink.WriteMaps(snapshot, last)
		if hidden := symbols.Kernel.Err(); hidden != nil && !told {
			told = true
			c.notice(hidden.Error())
		}
		return err
	}
}
