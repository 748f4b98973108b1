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

// Programs of these kinds are attached to a map of the object that holds sockets, and run for what comes through those.
var (
	skMsgKind = &kind{
		name:        "sk_msg",
		sections:    []string{"sk_msg"},
		anySuffix:   true,
		form:        "map",
		programType: ebpf.SkMsg,
		attachType:  ebpf.AttachSkMsgVerdict,
		resolve:     func(p *point) error { return resolveSockMap(p, p.where) },
		attach:      attachSockMap,
		names:       sockMaps,
	}
	skSKBKind = &kind{
		name:        "sk_skb",
		sections:    []string{"sk_skb"},
		anySuffix:   true,
		form:        "map:verdict",
		programType: ebpf.SkSKB,
		resolve: func(p *point) error {
			name, role, _ := strings.Cut(p.where, ":")
			if role != "" {
				var err error
				if p.attachType, err = choose("the role", role, skbRoles); err != nil {
					return err
				}
			}
			if p.attachType == ebpf.AttachNone {
				return &predicate{fmt.Sprintf(`says not which role, and neither does the section; write "%s:verdict", "%[1]s:stream_parser" or "%[1]s:stream_verdict"`, name)}
			}
			return resolveSockMap(p, name)
		},
		attach: attachSockMap,
		names:  sockMaps,
	}
)

// skbRoles are what a program may be for the sockets of a map.
var skbRoles = map[string]ebpf.AttachType{
	"stream_parser":  ebpf.AttachSkSKBStreamParser,
	"stream_verdict": ebpf.AttachSkSKBStreamVerdict,
	"verdict":        ebpf.AttachSkSKBVerdict,
}

func resolveSockMap(p *point, name string) error {
	m := p.object.spec.Maps[name]
	if m == nil {
		return &missing{err: &predicate{"names no map of the object"}, name: name}
	}
	if m.Type != ebpf.SockMap && m.Type != ebpf.SockHash {
		return fmt.Errorf("map %s holds no sockets: its type is %s, not SockMap or SockHash", name, m.Type)
	}
	p.symbol = name
	return nil
}

func sockMaps(p *point) []string {
	var names []string
	for name, m := range p.object.spec.Maps {
		if m.Type == ebpf.SockMap || m.Type == ebpf.SockHash {
			names = append(names, name)
		}
	}
	return names
}

// attachSockMap makes a link where the kernel has one (6.10 and later). Elsewhere the map holds the program, and goes with the process.
func attachSockMap(prog *ebpf.Program, p *point) (io.Closer, error) {
	m := p.instance.maps[p.symbol]
	l, err := link.AttachRawLink(link.RawLinkOptions{Target: m.FD(), Program: prog, Attach: p.attachType})
	if err == nil {
		return l, nil
	}
	if errors.Is(err, unix.EBUSY) {
		return nil, &predicate{"names a map that another program is attached to in the same role"}
	}
	err = link.RawAttachProgram(link.RawAttachProgramOptions{Target: m.FD(), Program: prog, Attach: p.attachType})
	switch {
	case errors.Is(err, unix.EINVAL) && p.attachType == ebpf.AttachSkSKBVerdict:
		return nil, errors.New("this kernel has no verdicts but for streams (5.13 or later has them); stream_verdict may serve")
	case err != nil:
		return nil, err
	}
	return closer(func() error {
		return link.RawDetachProgram(link.RawDetachProgramOptions{Target: m.FD(), Program: prog, Attach: p.attachType})
	}), nil
}

// closer is a Close of its own.
type closer func() error

func (c closer) Close() error { return c() }
