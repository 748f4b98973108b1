package bpf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// tcKind attaches through tcx (kernel 6.6 and later), or else to the classifiers of the clsact queueing discipline.
var tcKind = &kind{
	name:        "tc",
	sections:    []string{"tc", "tcx", "classifier"},
	legacy:      []string{"tc_", "classifier"},
	anySuffix:   true,
	form:        "interface:ingress",
	programType: ebpf.SchedCLS,
	takes:       takesMode | takesPriority,
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
		if p.mode != "" {
			if _, err := choose("the mode", p.mode, tcModes); err != nil {
				return err
			}
		}
		if p.priority != 0 && p.mode != "clsact" {
			return errors.New(`priority is an option of {mode = "clsact"}; tcx runs programs in the order in which they came`)
		}
		if p.priority < 0 || p.priority > 0xffff {
			return fmt.Errorf("the priority %d is not between 1 and 65535", p.priority)
		}
		return resolveInterface(p, name)
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		if p.mode != "clsact" {
			l, err := link.AttachTCX(link.TCXOptions{Program: prog, Interface: p.index, Attach: p.attachType})
			if !errors.Is(err, link.ErrNotSupported) {
				return l, err
			}
			if p.mode == "tcx" {
				return nil, errors.New(`this kernel has no tcx (6.6 or later has it); {mode = "clsact"} works on all`)
			}
		}
		return attachClsact(prog, p)
	},
	names: func(*point) []string { return interfaceNames() },
}

var tcModes = map[string]bool{"tcx": true, "clsact": true}
