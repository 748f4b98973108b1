package bpf

import (
	"errors"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Programs of these kinds are bound to a function of the kernel when they are loaded, which the kernel's BTF names.
var (
	fentryKind = &kind{
		name:        "fentry",
		alternative: 1,
		moments:     onEntry,
		sections:    []string{"fentry", "fentry.s"},
		form:        "function",
		programType: ebpf.Tracing,
		attachType:  ebpf.AttachTraceFEntry,
		takes:       takesCookie,
		resolve:     resolveLoadTarget,
		attach:      attachTracing,
		names:       func(*point) []string { return kernelFunctions() },
	}
	fexitKind = &kind{
		name:        "fexit",
		alternative: 1,
		moments:     onReturn,
		sections:    []string{"fexit", "fexit.s"},
		form:        "function",
		programType: ebpf.Tracing,
		attachType:  ebpf.AttachTraceFExit,
		takes:       takesCookie,
		resolve:     resolveLoadTarget,
		attach:      attachTracing,
		names:       func(*point) []string { return kernelFunctions() },
	}
	fmodRetKind = &kind{
		name:        "fmod_ret",
		sections:    []string{"fmod_ret", "fmod_ret.s"},
		form:        "function",
		programType: ebpf.Tracing,
		attachType:  ebpf.AttachModifyReturn,
		takes:       takesCookie,
		resolve:     resolveLoadTarget,
		attach:      attachTracing,
		names:       func(*point) []string { return kernelFunctions() },
	}
	lsmKind = &kind{
		name:        "lsm",
		sections:    []string{"lsm", "lsm.s"},
		form:        "hook",
		programType: ebpf.LSM,
		attachType:  ebpf.AttachLSMMac,
		takes:       takesCookie,
		resolve:     resolveLoadTarget,
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			if !probe.AsksLSM() {
				return nil, errors.New("this kernel does not ask eBPF programs for permissions; add bpf to the list in its lsm= boot parameter")
			}
			return link.AttachLSM(link.LSMOptions{Program: prog, Cookie: p.cookie})
		},
		names: func(*point) []string { return symbolsWithPrefix("bpf_lsm_") },
	}
)

func resolveLoadTarget(p *point) error {
	if !isSymbol(p.where) {
		return &predicate{`is no name, which is what ` + p.kind.name + ` takes`}
	}
	p.symbol, p.attachTo = p.where, p.where
	return nil
}

func attachTracing(prog *ebpf.Program, p *point) (io.Closer, error) {
	l, err := link.AttachTracing(link.TracingOptions{Program: prog, AttachType: p.attachType, Cookie: p.cookie})
	if errors.Is(err, unix.EBUSY) {
		return nil, errors.New("the function is taken: another program holds it, or it cannot be traced")
	}
	return l, err
}
