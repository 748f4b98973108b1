package bpf

import (
	"errors"
	"io"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

var rawTracepointKind = &kind{
	name:        "raw_tracepoint",
	alternative: 3,
	moments:     onEntry | onReturn,
	sections:    []string{"raw_tracepoint", "raw_tp", "raw_tracepoint.s", "raw_tp.s"},
	form:        "event",
	programType: ebpf.RawTracepoint,
	resolve:     resolveRawTracepoint,
	attach:      attachRawTracepoint,
	names:       func(*point) []string { return symbolsWithPrefix("__traceiter_") },
}

// rawTracepointWritableKind programs may change what the tracepoint gives them. Few tracepoints allow that.
var rawTracepointWritableKind = &kind{
	name:        "raw_tracepoint.w",
	sections:    []string{"raw_tracepoint.w", "raw_tp.w"},
	form:        "event",
	programType: ebpf.RawTracepointWritable,
	resolve:     resolveRawTracepoint,
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := attachRawTracepoint(prog, p)
		if errors.Is(err, unix.EINVAL) {
			return nil, &predicate{"is a tracepoint that lets nobody write, or not where the program does; a raw_tracepoint can read it"}
		}
		return l, err
	},
	names: func(*point) []string { return symbolsWithPrefix("__traceiter_") },
}

func attachRawTracepoint(prog *ebpf.Program, p *point) (io.Closer, error) {
	l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: p.symbol, Program: prog})
	if errors.Is(err, unix.ENOENT) {
		return nil, errNoRawTracepoint
	}
	return l, err
}

// tpBTFKind is raw_tracepoint with arguments of known types. The kernel is told the tracepoint when the program is loaded.
var tpBTFKind = &kind{
	name:        "tp_btf",
	alternative: 2,
	moments:     onEntry | onReturn,
	sections:    []string{"tp_btf", "tp_btf.s"},
	form:        "event",
	programType: ebpf.Tracing,
	attachType:  ebpf.AttachTraceRawTp,
	resolve: func(p *point) error {
		err := resolveRawTracepoint(p)
		p.attachTo = p.symbol
		return err
	},
	takes:  takesCookie,
	attach: attachTracing,
	names:  func(*point) []string { return symbolsWithPrefix("__traceiter_") },
}

var errNoRawTracepoint = &missing{err: &predicate{"names no tracepoint of this kernel"}}

// resolveRawTracepoint takes the event alone, or behind its group as tracepoints are written.
func resolveRawTracepoint(p *point) error {
	p.symbol = p.where[strings.LastIndexAny(p.where, ":/")+1:]
	if p.symbol == "" {
		return &predicate{`is no raw tracepoint, which is written "event"`}
	}
	return nil
}
