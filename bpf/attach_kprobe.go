package bpf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

var (
	kprobeKind = &kind{
		name:        "kprobe",
		alternative: 5,
		moments:     onEntry,
		sections:    []string{"kprobe"},
		form:        "function",
		programType: ebpf.Kprobe,
		takes:       takesOffset | takesCookie,
		resolve:     resolveKprobe,
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			if p.many {
				return attachKprobeMulti(prog, p)
			}
			l, err := link.Kprobe(p.symbol, prog, &link.KprobeOptions{Cookie: p.cookie, Offset: p.offset})
			return l, explainKprobe(err)
		},
		names: func(*point) []string { return kernelFunctions() },
	}
	kretprobeKind = &kind{
		name:        "kretprobe",
		alternative: 5,
		moments:     onReturn,
		sections:    []string{"kretprobe"},
		form:        "function",
		programType: ebpf.Kprobe,
		takes:       takesCookie,
		resolve: func(p *point) error {
			if err := resolveKprobe(p); err != nil {
				return err
			}
			if p.offset != 0 {
				return &predicate{"has an offset, which kretprobe does not take"}
			}
			return nil
		},
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			if p.many {
				return attachKprobeMulti(prog, p)
			}
			l, err := link.Kretprobe(p.symbol, prog, &link.KprobeOptions{Cookie: p.cookie})
			return l, explainKprobe(err)
		},
		names: func(*point) []string { return kernelFunctions() },
	}
)

func resolveKprobe(p *point) error {
	symbol, err := splitOffset(p)
	if err != nil {
		return err
	}
	if isPattern(symbol) {
		if p.offset != 0 {
			return &predicate{"has an offset, which is for one function alone"}
		}
		return resolveKprobeMulti(p)
	}
	if !isSymbol(symbol) {
		return &predicate{`is no function, which is written "function", "function+0x10" or "pattern*"`}
	}
	p.symbol = symbol
	return nil
}

var errNoKprobes = errors.New("this kernel has no kprobes (CONFIG_KPROBES is off); fentry, tp_btf or a tracepoint may serve")

func explainKprobe(err error) error {
	switch {
	case err == nil:
		return nil
	case !probe.Kprobes():
		return errNoKprobes
	case errors.Is(err, fs.ErrNotExist):
		return &missing{err: &predicate{"names no function of this kernel that can be probed"}}
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return &predicate{"names several functions of this kernel; kprobe.multi and kretprobe.multi take them all"}
	}
	return err
}

// splitOffset takes "+0x10" off p.where, adds it to p.offset and returns the rest.
func splitOffset(p *point) (string, error) {
	i := strings.LastIndexByte(p.where, '+')
	if i < 0 {
		return p.where, nil
	}
	n, err := strconv.ParseUint(p.where[i+1:], 0, 64)
	if err != nil {
		return "", fmt.Errorf("the offset %s is no number", p.where[i:])
	}
	p.offset += n
	return p.where[:i], nil
}
