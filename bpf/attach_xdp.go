package bpf

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/rtnl"
)

var xdpKind = &kind{
	name:        "xdp",
	sections:    []string{"xdp", "xdp.frags"},
	legacy:      []string{"xdp_"},
	anySuffix:   true,
	form:        "interface",
	programType: ebpf.XDP,
	attachType:  ebpf.AttachXDP,
	takes:       takesMode,
	resolve: func(p *point) error {
		if p.mode != "" {
			if _, err := choose("the mode", p.mode, xdpModes); err != nil {
				return err
			}
		}
		if p.attachType != ebpf.AttachXDP {
			return fmt.Errorf("programs of section %s are put into a map, not attached", p.section)
		}
		return resolveInterface(p, p.where)
	},
	load: func(l *loader, p *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
		if p.mode != "offload" {
			return l.loadProgram(spec)
		}
		spec.Ifindex = uint32(p.index)
		prog, err := l.loadProgram(spec)
		if errors.Is(err, unix.EOPNOTSUPP) {
			return nil, p.fail(&predicate{"is an interface whose driver offloads no programs; the mode generic works everywhere"})
		}
		return prog, err
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := link.AttachXDP(link.XDPOptions{Program: prog, Interface: p.index, Flags: xdpModes[p.mode]})
		switch {
		case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EEXIST):
			return nil, &predicate{"is an interface that " + xdpHolder(p.index) + " holds"}
		case errors.Is(err, unix.EOPNOTSUPP) && p.mode != "":
			return nil, &predicate{fmt.Sprintf("is an interface whose driver has no %s mode of XDP; the mode generic works everywhere", p.mode)}
		}
		return l, err
	},
	names: func(*point) []string { return interfaceNames() },
}

// xdpModes are where packets meet the program: in the driver, behind it, or in the network card. Without one the kernel takes the first
// that it can.
var xdpModes = map[string]link.XDPAttachFlags{
	"native":  link.XDPDriverMode,
	"generic": link.XDPGenericMode,
	"offload": link.XDPOffloadMode,
}

// xdpHolder tells who has the one place for a program that an interface has.
func xdpHolder(index int) string {
	id, err := rtnl.XDPProgram(index)
	if err != nil {
		return holder(0)
	}
	return holder(ebpf.ProgramID(id))
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
