package bpf

import (
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// iterKind programs run once for each element when their text is read, which Start does.
var iterKind = &kind{
	name:        "iter",
	sections:    []string{"iter", "iter.s"},
	form:        "iterator",
	programType: ebpf.Tracing,
	attachType:  ebpf.AttachTraceIter,
	resolve:     resolveLoadTarget,
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		return link.AttachIter(link.IterOptions{Program: prog})
	},
	names: func(*point) []string { return symbolsWithPrefix("bpf_iter_") },
}
