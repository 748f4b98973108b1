package bpf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/ftrace"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Programs of these kinds run at every function of the kernel that a pattern matches. Kernels before 5.18 cannot attach to many
// at once; there each function gets a kprobe of its own, which takes longer.
var (
	kprobeMultiKind = &kind{
		name:        "kprobe.multi",
		sections:    []string{"kprobe.multi"},
		form:        "pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceKprobeMulti,
		takes:       takesCookie,
		tracefs:     true,
		resolve:     resolveKprobeMulti,
		attach:      attachKprobeMulti(link.KprobeMulti, link.Kprobe),
		names:       func(*point) []string { return kernelFunctions() },
	}
	kretprobeMultiKind = &kind{
		name:        "kretprobe.multi",
		sections:    []string{"kretprobe.multi"},
		form:        "pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceKprobeMulti,
		takes:       takesCookie,
		tracefs:     true,
		resolve:     resolveKprobeMulti,
		attach:      attachKprobeMulti(link.KretprobeMulti, link.Kretprobe),
		names:       func(*point) []string { return kernelFunctions() },
	}
	// kprobeSessionKind programs run when a function is called, and when it returns if they said 0 at its call.
	kprobeSessionKind = &kind{
		name:        "kprobe.session",
		sections:    []string{"kprobe.session"},
		form:        "pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceKprobeSession,
		takes:       takesCookie,
		tracefs:     true,
		resolve: func(p *point) error {
			if errors.Is(features.HaveBPFLinkKprobeSession(), ebpf.ErrNotSupported) {
				return errors.New("this kernel has no sessions of kprobes (6.10 or later has them); kprobe.multi and kretprobe.multi may serve")
			}
			return resolvePattern(p)
		},
		attach: attachKprobeMulti(func(prog *ebpf.Program, opts link.KprobeMultiOptions) (link.Link, error) {
			opts.Session = true
			return link.KprobeMulti(prog, opts)
		}, nil),
		names: func(*point) []string { return kernelFunctions() },
	}
)

func resolvePattern(p *point) error {
	if !isSymbol(strings.NewReplacer("*", "x", "?", "x").Replace(p.where)) {
		return &predicate{`is no pattern of functions, which is written "tcp_*"`}
	}
	p.symbol = p.where
	return nil
}

func resolveKprobeMulti(p *point) error {
	if errors.Is(features.HaveBPFLinkKprobeMulti(), ebpf.ErrNotSupported) {
		p.attachType = ebpf.AttachNone
	}
	return resolvePattern(p)
}

type (
	multiFunc  func(*ebpf.Program, link.KprobeMultiOptions) (link.Link, error)
	singleFunc func(string, *ebpf.Program, *link.KprobeOptions) (link.Link, error)
)

func attachKprobeMulti(multi multiFunc, single singleFunc) func(*ebpf.Program, *point) (io.Closer, error) {
	return func(prog *ebpf.Program, p *point) (io.Closer, error) {
		functions, err := ftrace.Functions(func(name string) bool { return matches(p.symbol, name) })
		if err != nil {
			return nil, fmt.Errorf("list the functions of the kernel: %w", err)
		}
		if len(functions) == 0 {
			return nil, &missing{err: &predicate{"names no function of this kernel that can be probed"}}
		}
		var all closers
		var refused []string
		if p.attachType == ebpf.AttachNone {
			all, refused, err = attachEach(prog, p, functions, single)
		} else {
			all, refused, err = attachMany(prog, p, functions, multi)
		}
		switch {
		case err != nil:
			return nil, errors.Join(err, all.Close())
		case len(all) == 0:
			return nil, &predicate{"names only functions that cannot be probed"}
		case len(refused) > 0:
			p.instance.verbose(fmt.Sprintf("%s: %d of %d functions cannot be probed, %s among them", p.name, len(refused), len(functions), refused[0]))
		}
		return all, nil
	}
}

// attachMany attaches to as many functions at once as the kernel takes: it refuses all for one, which is found by halves.
func attachMany(prog *ebpf.Program, p *point, functions []ftrace.Function, multi multiFunc) (all closers, refused []string, err error) {
	opts := link.KprobeMultiOptions{Cookies: slices.Repeat([]uint64{p.cookie}, len(functions))}
	if p.cookie == 0 {
		opts.Cookies = nil
	}
	for _, f := range functions {
		if f.Address != 0 {
			opts.Addresses = append(opts.Addresses, uintptr(f.Address))
		} else {
			opts.Symbols = append(opts.Symbols, f.Name)
		}
	}
	l, err := multi(prog, opts)
	switch {
	case err == nil:
		return closers{l}, nil, nil
	case !probe.Kprobes() || !errors.Is(err, unix.EINVAL) && !errors.Is(err, fs.ErrNotExist):
		return nil, nil, explainKprobe(err)
	case len(functions) == 1:
		return nil, []string{functions[0].Name}, nil
	}
	half := len(functions) / 2
	for _, part := range [][]ftrace.Function{functions[:half], functions[half:]} {
		links, names, err := attachMany(prog, p, part, multi)
		all, refused = append(all, links...), append(refused, names...)
		if err != nil {
			return all, refused, err
		}
	}
	return all, refused, nil
}

// attachEach attaches to one function after the other.
func attachEach(prog *ebpf.Program, p *point, functions []ftrace.Function, single singleFunc) (all closers, refused []string, err error) {
	if !probe.Kprobes() {
		return nil, nil, errNoKprobes
	}
	seen := make(map[string]bool)
	for _, f := range functions {
		if seen[f.Name] {
			continue // both of one name are refused anyway
		}
		seen[f.Name] = true
		l, err := single(f.Name, prog, &link.KprobeOptions{Cookie: p.cookie})
		switch {
		case err == nil:
			all = append(all, l)
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, fs.ErrNotExist):
			refused = append(refused, f.Name)
		default:
			return all, refused, explainKprobe(err)
		}
	}
	return all, refused, nil
}
