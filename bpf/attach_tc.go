package bpf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// tcKind attaches through tcx (kernel 6.6 and later), which goes with the process, as everything here does.
var tcKind = &kind{
	name:        "tc",
	sections:    []string{"tc", "tcx", "classifier"},
	legacy:      []string{"tc_", "classifier"},
	anySuffix:   true,
	form:        "interface:ingress",
	programType: ebpf.SchedCLS,
	resolve: func(p *point) error {
		name, direction, _ := strings.Cut(p.where, ":")
		switch {
		case direction == "ingress":
			p.attachType = ebpf.AttachTCXIngress
		case direction == "egress":
			p.attachType = ebpf.AttachTCXEgress
		case direction != "":
			return fmt.Errorf("the direction is ingress or egress, not %s", direction)
		case p.attachType != ebpf.AttachTCXIngress && p.attachType != ebpf.AttachTCXEgress:
			return &predicate{fmt.Sprintf(`names no direction, and neither does the section; write "%s:ingress" or "%[1]s:egress"`, name)}
		}
		return resolveInterface(p, name)
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := link.AttachTCX(link.TCXOptions{Program: prog, Interface: p.index, Attach: p.attachType})
		if errors.Is(err, link.ErrNotSupported) {
			return nil, errors.New("this kernel has no tcx, which tc programs are attached with (6.6 or later has it)")
		}
		return l, err
	},
	names: func(*point) []string { return interfaceNames() },
}
