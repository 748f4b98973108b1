package main

import (
	"path/filepath"
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

// checkOutput reports an --output that p has nothing for.
func (c *call) checkOutput(p *program) error {
	name := filepath.Base(p.path)
	switch throughMaps := p.speaksThroughMaps(); {
	case throughMaps && c.flags.output == rawOutput:
		return usagef("--output: raw is for events, and %s sends none; its maps print as table or json", name)
	case c.flags.output != foldedOutput:
	case !p.object.KeepsStacks():
		return usagef("--output: folded is for stack traces in maps, and %s keeps none", name)
	case !throughMaps:
		return usagef("--output: folded is for programs that leave what they found in maps, and %s sends events; see ebpfx help lua folded", name)
	}
	return nil
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
	case foldedOutput:
		sink = output.NewFolded(c.stdout, symbols)
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
