package bpf

import (
	"errors"
	"io"
	"io/fs"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/ebpfx/ebpfx/bpf/sysnr"
)

// Programs of these kinds are kprobes at the function of a system call, which every architecture calls otherwise: __x64_sys_openat,
// __arm64_sys_openat, sys_openat. cilium/ebpf knows how.
var (
	ksyscallKind = &kind{
		name:        "ksyscall",
		sections:    []string{"ksyscall"},
		form:        "system call",
		programType: ebpf.Kprobe,
		takes:       takesCookie,
		resolve:     resolveSyscall,
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			l, err := link.Kprobe(p.symbol, prog, &link.KprobeOptions{Cookie: p.cookie})
			return l, explainSyscall(err)
		},
		names: func(*point) []string { return sysnr.Names() },
	}
	kretsyscallKind = &kind{
		name:        "kretsyscall",
		sections:    []string{"kretsyscall"},
		form:        "system call",
		programType: ebpf.Kprobe,
		takes:       takesCookie,
		resolve:     resolveSyscall,
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			l, err := link.Kretprobe(p.symbol, prog, &link.KprobeOptions{Cookie: p.cookie})
			return l, explainSyscall(err)
		},
		names: func(*point) []string { return sysnr.Names() },
	}
)

func resolveSyscall(p *point) error {
	if !isSymbol(p.where) {
		return &predicate{`is no system call, which is written "openat"`}
	}
	p.symbol = "sys_" + p.where
	return nil
}

func explainSyscall(err error) error {
	err = explainKprobe(err)
	var m *missing
	if errors.As(err, &m) || errors.Is(err, fs.ErrNotExist) {
		return &missing{err: &predicate{"names no system call of this kernel"}}
	}
	return err
}
