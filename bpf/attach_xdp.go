package bpf

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

var xdpKind = &kind{
	name:        "xdp",
	sections:    []string{"xdp", "xdp.frags"},
	legacy:      []string{"xdp_"},
	anySuffix:   true,
	form:        "interface",
	programType: ebpf.XDP,
	attachType:  ebpf.AttachXDP,
	resolve: func(p *point) error {
		if p.attachType != ebpf.AttachXDP {
			return fmt.Errorf("programs of section %s are put into a map, not attached", p.section)
		}
		return resolveInterface(p, p.where)
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := link.AttachXDP(link.XDPOptions{Program: prog, Interface: p.index})
		if errors.Is(err, unix.EBUSY) {
			return nil, &predicate{"is an interface that another XDP program holds"}
		}
		return l, err
	},
	names: func(*point) []string { return interfaceNames() },
}

func resolveInterface(p *point, name string) error {
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return &missing{err: &predicate{"names no network interface"}, name: name}
	}
	p.index = dev.Index
	return nil
}

func interfaceNames() []string {
	devs, err := net.Interfaces()
	if err != nil {
		return nil
	}
	names := make([]string, len(devs))
	for i, d := range devs {
		names[i] = d.Name
	}
	return names
}
