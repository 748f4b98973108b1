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

// Programs of these kinds run at every function of the kernel that a pattern matches. Kernels before 5.18, and those without CONFIG_FPROBE,
// as Debian's 6.1, cannot attach to many at once; there each function gets a kprobe of its own, which takes longer.
var (
	kprobeMultiKind = &kind{
		name:        "kprobe.multi",
		sections:    []string{"kprobe.multi"},
		form:        "pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceKprobeMulti,
		moments:     onEntry,
		takes:       takesCookie,
		resolve:     resolveKprobeMulti,
		attach:      attachKprobeMulti,
		names:       func(*point) []string { return kernelFunctions() },
	}
	kretprobeMultiKind = &kind{
		name:        "kretprobe.multi",
		sections:    []string{"kretprobe.multi"},
		form:        "pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceKprobeMulti,
		moments:     onReturn,
		takes:       takesCookie,
		resolve:     resolveKprobeMulti,
		attach:      attachKprobeMulti,
		names:       func(*point) []string { return kernelFunctions() },
	}
	// kprobeSessionKind programs run when a function is called, and when it returns if they said 0 at its call.
	kprobeSessionKind = &kind{
		name:        "kprobe.session",
		sections:    []string{"kprobe.session"},
		form:        "pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceKprobeSession,
		moments:     onEntry | onReturn,
		takes:       takesCookie,
		resolve: func(p *point) error {
			if errors.Is(features.HaveBPFLinkKprobeSession(), ebpf.ErrNotSupported) {
				return errors.New("this kernel has no sessions of kprobes (6.10 or later has them); kprobe.multi and kretprobe.multi may serve")
			}
			return resolvePattern(p)
		},
		attach: attachKprobeMulti,
		names:  func(*point) []string { return kernelFunctions() },
	}
)

func resolvePattern(p *point) error {
	if !isSymbol(strings.NewReplacer("*", "x", "?", "x").Replace(p.where)) {
		return &predicate{`is no pattern of functions, which is written "tcp_*"`}
	}
	p.symbol, p.many = p.where, true
	return nil
}

func resolveKprobeMulti(p *point) error {
	p.attachType = ebpf.AttachTraceKprobeMulti
	if errors.Is(features.HaveBPFLinkKprobeMulti(), ebpf.ErrNotSupported) {
		p.attachType = ebpf.AttachNone
	}
	return resolvePattern(p)
}

// attachKprobeMulti attaches with one link where prog was loaded for that, or else to one function after the other.
func attachKprobeMulti(prog *ebpf.Program, p *point) (io.Closer, error) {
	functions, err := ftrace.Functions(func(name string) bool { return matches(p.symbol, name) })
	if err != nil {
		return nil, fmt.Errorf("list the functions of the kernel: %w", err)
	}
	if len(functions) == 0 {
		return nil, &missing{err: &predicate{"names no function of this kernel that can be probed"}}
	}
	attach := attachEachFunction
	if p.attachType != ebpf.AttachNone {
		attach = attachAllFunctions
	}
	links, refused, err := attach(prog, p, functions)
	switch {
	case err != nil:
		return nil, errors.Join(err, links.Close())
	case len(links) == 0:
		return nil, &predicate{"names only functions that cannot be probed"}
	case len(refused) > 0:
		p.instance.verbose(fmt.Sprintf("%s: %d of %d functions cannot be probed, %s among them", p.name, len(refused), len(functions), refused[0]))
	}
	return links, nil
}

// attachAllFunctions makes one link to functions by their addresses, and one by their names to those whose address is not known: the kernel does
// not take both.
func attachAllFunctions(prog *ebpf.Program, p *point, functions []ftrace.Function) (links concurrently, refused []string, err error) {
	var located, named []ftrace.Function
	for _, f := range functions {
		switch {
		case f.Address != 0:
			located = append(located, f)
		case !slices.ContainsFunc(named, func(n ftrace.Function) bool { return n.Name == f.Name }):
			named = append(named, f) // the kernel takes no name twice
		}
	}
	for _, part := range [][]ftrace.Function{located, named} {
		if len(part) == 0 {
			continue
		}
		l, r, err := attachMany(prog, p, part)
		links, refused = append(links, l...), append(refused, r...)
		if err != nil {
			return links, refused, err
		}
	}
	return links, refused, nil
}

// attachMany attaches to as many functions at once as the kernel takes: it refuses all for one, which is found by halves.
func attachMany(prog *ebpf.Program, p *point, functions []ftrace.Function) (links concurrently, refused []string, err error) {
	l, err := linkKprobes(prog, p, functions)
	switch {
	case err == nil:
		return concurrently{l}, nil, nil
	case !probe.Kprobes() || !errors.Is(err, unix.EINVAL) && !errors.Is(err, fs.ErrNotExist):
		return nil, nil, explainKprobe(err)
	case len(functions) == 1:
		return nil, []string{functions[0].Name}, nil
	}
	half := len(functions) / 2
	for _, part := range [][]ftrace.Function{functions[:half], functions[half:]} {
		l, r, err := attachMany(prog, p, part)
		links, refused = append(links, l...), append(refused, r...)
		if err != nil {
			return links, refused, err
		}
	}
	return links, refused, nil
}

// linkKprobes makes one link to functions whose addresses are all known, or none of them.
func linkKprobes(prog *ebpf.Program, p *point, functions []ftrace.Function) (link.Link, error) {
	opts := link.KprobeMultiOptions{Session: p.attachType == ebpf.AttachTraceKprobeSession}
	for _, f := range functions {
		if f.Address != 0 {
			opts.Addresses = append(opts.Addresses, uintptr(f.Address))
		} else {
			opts.Symbols = append(opts.Symbols, f.Name)
		}
	}
	if p.cookie != 0 {
		opts.Cookies = slices.Repeat([]uint64{p.cookie}, len(functions))
	}
	if p.kind.moments == onReturn {
		return link.KretprobeMulti(prog, opts)
	}
	return link.KprobeMulti(prog, opts)
}
