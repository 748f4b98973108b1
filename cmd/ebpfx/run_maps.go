package main

import (
	"slices"
	"sync"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/ksym"
	"github.com/ebpfx/ebpfx/bpf/output"
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
	symbols := &kernelSymbols{console: c.console}
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
	return func(_ *builder.Target, kernel *bpf.Instance, last bool) error {
		snapshot, err := kernel.Snapshot()
		if err != nil {
			return err
		}
		return sink.WriteMaps(snapshot, last)
	}
}

// kernelSymbols are the kernel's, read when they are asked for: that takes a while, and few programs have stack traces.
type kernelSymbols struct {
	*console
	once  sync.Once
	table *ksym.Table
}

// Name is ksym.Table's. Where the symbols cannot be read, addresses have none.
func (k *kernelSymbols) Name(address uint64) (name string, offset uint64, ok bool) {
	k.once.Do(func() {
		var err error
		if k.table, err = ksym.Read(); err != nil {
			k.notice(err.Error())
		}
	})
	return k.table.Name(address)
}
