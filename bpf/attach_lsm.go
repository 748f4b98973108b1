package bpf

import (
	"errors"
	"io"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

var lsmKind = &kind{
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

// lsmCgroupKind programs are asked for the processes of one cgroup alone. The hook is what the section names, or comes in front of the
// cgroup.
var lsmCgroupKind = &kind{
	name:        "lsm_cgroup",
	sections:    []string{"lsm_cgroup"},
	form:        "hook:/sys/fs/cgroup/NAME",
	programType: ebpf.LSM,
	attachType:  ebpf.AttachLSMCgroup,
	takes:       takesCgroup,
	resolve:     resolveLSMCgroup,
	load:        loadBound(6, 0),
	attach:      attachCgroup,
	names: func(p *point) []string {
		if p.symbol != "" {
			return cgroupsBeside(p.symbol)
		}
		return symbolsWithPrefix("bpf_lsm_")
	},
}

func resolveLSMCgroup(p *point) error {
	hook, cgroup, ok := strings.Cut(p.where, ":")
	if !ok && p.cgroup == "" {
		// One of the two; the section may have the other.
		if named := sectionTarget(p.section); p.hook && named != "" {
			hook, cgroup = named, p.where
		}
	}
	if p.cgroup != "" {
		cgroup = p.cgroup
	}
	switch {
	case cgroup == "" && !p.hook:
		return &passive{&predicate{"names no cgroup; " + p.advice()}}
	case cgroup == "":
		return &predicate{`names no cgroup; write "hook:/sys/fs/cgroup/NAME"`}
	case !isSymbol(hook):
		return &predicate{`names no hook; write "hook:/sys/fs/cgroup/NAME"`}
	}
	p.attachTo = hook
	return resolveCgroupPath(p, cgroup)
}
