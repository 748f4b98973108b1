package bpf

import (
	"errors"
	"io"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
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
	// fsessionKind programs run when a function is called, and when it returns if they said 0 at its call.
	fsessionKind = &kind{
		name:        "fsession",
		sections:    []string{"fsession", "fsession.s"},
		form:        "function",
		programType: ebpf.Tracing,
		attachType:  attachFSession,
		takes:       takesCookie,
		resolve:     resolveLoadTarget,
		load:        loadBound(7, 0),
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			attr := tracingLinkAttr{linkCreateAttr: linkCreateAttr{prog: uint32(prog.FD()), attachType: uint32(p.attachType)}, target: 0, cookie: p.cookie}
			return createLink(unsafe.Pointer(&attr), unsafe.Sizeof(attr))
		},
		names: func(*point) []string { return kernelFunctions() },
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
