package main

import (
	"path/filepath"
	"slices"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

// speaksThroughMaps reports whether what the program found out is in its maps: it sends no events, and
// prints no text as iterators do.
func (p *program) speaksThroughMaps() bool {
	if len(p.object.Streams()) > 0 {
		return false
	}
	return slices.ContainsFunc(p.object.Programs(), func(prog bpf.Program) bool { return prog.Kind != "iter" })
}

// hasStacks reports whether there are stack traces in what the program found out.
func (p *program) hasStacks() bool {
	if p.speaksThroughMaps() {
		return p.object.KeepsStacks()
	}
	return slices.ContainsFunc(p.object.Streams(), func(s *bpf.StreamInfo) bool {
		return slices.ContainsFunc(s.Types, func(t *decode.Type) bool { return output.HasStacks(t, p.object.KeepsStacks()) })
	})
}

// checkOutput reports an --output that p has nothing for.
func (c *call) checkOutput(p *program) error {
	name := filepath.Base(p.path)
	switch throughMaps := p.speaksThroughMaps(); {
	case throughMaps && c.flags.output == rawOutput:
		return usagef("--output: raw is for events, and %s sends none; its maps print as table or json", name)
	case c.flags.output == foldedOutput && !p.hasStacks():
		return usagef("--output: folded is for stack traces in maps or events, and %s has none", name)
	}
	return nil
}

// mapSink takes what programs left in maps.
type mapSink interface {
	WriteMaps(s *bpf.Snapshot, last bool) error
}

// mapSink returns where maps are printed; nil: nowhere.
func (c *call) mapSink() mapSink {
	switch c.flags.output {
	case "json":
		return output.NewMapsJSON(c.stdout, c.symbols, c.values()...)
	case foldedOutput:
		return output.NewFolded(c.stdout, c.symbols)
	case "table":
		return output.NewMaps(c.stdout, terminalWidth(c.stdout), c.symbols, c.values()...)
	}
	return nil
}

// watchMaps has opts print what a program found out that speaks through its maps.
func (c *call) watchMaps(opts *luart.RunOptions) {
	sink := c.mapSink()
	if sink == nil {
		return
	}
	opts.Watch = func(_ *builder.Target, kernel *bpf.Instance, last bool) error {
		snapshot, err := kernel.Snapshot()
		if err != nil {
			return err
		}
		err = sink.WriteMaps(snapshot, last)
		c.noticeHidden()
		return err
	}
	opts.WatchInterval = c.cli.Duration(intervalFlag)
}

// watchCounts has opts print what p counted in maps beside its events: at the end where there were none, since some switch may have had it count in their
// place, and every --interval that was asked for.
func (c *call) watchCounts(p *program, opts *luart.RunOptions) {
	sink := c.mapSink()
	if sink == nil || len(p.object.Streams()) == 0 {
		return
	}
	asked := c.cli.IsSet(intervalFlag)
	if asked {
		opts.WatchInterval = c.cli.Duration(intervalFlag)
	}
	opts.Watch = func(_ *builder.Target, kernel *bpf.Instance, last bool) error {
		if stats := kernel.Stats(); !asked && (!last || stats.Events+stats.Lost > 0) {
			return nil
		}
		counts, err := kernel.Counts()
		if err != nil {
			return err
		}
		return sink.WriteMaps(counts, last)
	}
}

// foldEvents has opts print the stack traces of events as folded lines at the end.
func (c *call) foldEvents(opts *luart.RunOptions) {
	folded := output.NewFolded(c.stdout, c.symbols)
	opts.Sink = func(*bpf.Stream) output.Sink { return folded }
	opts.Watch = func(_ *builder.Target, _ *bpf.Instance, last bool) error {
		return folded.WriteMaps(&bpf.Snapshot{}, last)
	}
}
