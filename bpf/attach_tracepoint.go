package bpf

import (
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

var tracepointKind = &kind{
	name:        "tracepoint",
	alternative: 4,
	moments:     onEntry | onReturn,
	sections:    []string{"tracepoint", "tp", "tracepoint.s", "tp.s"},
	form:        "group:event",
	programType: ebpf.TracePoint,
	takes:       takesCookie,
	tracefs:     true,
	resolve:     resolveTracepoint,
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := link.Tracepoint(p.group, p.symbol, prog, &link.TracepointOptions{Cookie: p.cookie})
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &missing{err: &predicate{"names no tracepoint of this kernel"}}
		case err != nil && strings.HasSuffix(err.Error(), unix.EACCES.Error()) && lacking(ebpf.TracePoint, unix.EACCES) == nil:
			// cilium/ebpf does not wrap this one.
			return nil, &predicate{"is a tracepoint whose fields end before what the program reads; its format file in tracefs lists them"}
		case err != nil && probe.Tracefs() == "":
			return nil, errNoTracefs
		}
		return l, err
	},
	names: func(*point) []string { return tracepointNames() },
}

// errNoTracefs: the kernel numbers its tracepoints, and tracefs alone tells the numbers.
var errNoTracefs = errors.New("tracepoints need tracefs, which is not mounted; " +
	"run mount -t tracefs tracefs /sys/kernel/tracing, or use raw_tracepoint, which does without")

func resolveTracepoint(p *point) error {
	group, event, ok := strings.Cut(p.where, ":")
	if !ok {
		group, event, ok = strings.Cut(p.where, "/")
	}
	if !ok || group == "" || event == "" {
		// The group is easily forgotten; the event's name alone mostly tells it.
		return &missing{err: &predicate{`is no tracepoint, which is written "group:event"`}}
	}
	p.group, p.symbol = group, event
	p.where = group + ":" + event
	return nil
}
