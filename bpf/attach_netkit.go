package bpf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// netkitKind attaches to a netkit device, to that end of the pair which is named or to its peer.
var netkitKind = &kind{
	name:        "netkit",
	sections:    []string{"netkit"},
	anySuffix:   true,
	form:        "interface:primary",
	programType: ebpf.SchedCLS,
	resolve: func(p *point) error {
		name, end, _ := strings.Cut(p.where, ":")
		if end != "" {
			var err error
			if p.attachType, err = choose("the end of the pair", end, netkitEnds); err != nil {
				return err
			}
		}
		if p.attachType != ebpf.AttachNetkitPrimary && p.attachType != ebpf.AttachNetkitPeer {
			return &predicate{fmt.Sprintf(`names no end of the pair, and neither does the section; write "%s:primary" or "%[1]s:peer"`, name)}
		}
		return resolveInterface(p, name)
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := link.AttachNetkit(link.NetkitOptions{Program: prog, Interface: p.index, Attach: p.attachType})
		switch {
		case errors.Is(err, link.ErrNotSupported):
			return nil, errors.New("this kernel has no netkit devices (6.7 or later may have them)")
		case errors.Is(err, unix.ENXIO), errors.Is(err, unix.EINVAL):
			return nil, &predicate{"names no primary end of a pair of netkit devices"}
		}
		return l, err
	},
	names: func(*point) []string { return interfaceNames() },
}

var netkitEnds = map[string]ebpf.AttachType{
	"primary": ebpf.AttachNetkitPrimary,
	"peer":    ebpf.AttachNetkitPeer,
}
