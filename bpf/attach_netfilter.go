package bpf

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// netfilterKind programs see the packets of this network namespace where iptables and nftables do. Of programs on one hook, that with the lower
// priority comes first, and no two can have the same.
var netfilterKind = &kind{
	name:        "netfilter",
	sections:    []string{"netfilter"},
	anySuffix:   true,
	form:        "ipv4:local_in",
	programType: ebpf.Netfilter,
	attachType:  ebpf.AttachNetfilter,
	takes:       takesPriority,
	resolve: func(p *point) error {
		_, err := netfilterOptions(p)
		return err
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		opts, err := netfilterOptions(p)
		if err != nil {
			return nil, err
		}
		opts.Program = prog
		l, err := link.AttachNetfilter(*opts)
		if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EEXIST) {
			return nil, fmt.Errorf("another program is there with priority %d; give this one another priority", p.priority)
		}
		return l, err
	},
}

var (
	netfilterFamilies = map[string]link.NetfilterProtocolFamily{
		"ipv4": link.NetfilterProtoIPv4,
		"ipv6": link.NetfilterProtoIPv6,
	}
	netfilterHooks = map[string]link.NetfilterInetHook{
		"pre_routing":  link.NetfilterInetPreRouting,
		"local_in":     link.NetfilterInetLocalIn,
		"forward":      link.NetfilterInetForward,
		"local_out":    link.NetfilterInetLocalOut,
		"post_routing": link.NetfilterInetPostRouting,
	}
)

func netfilterOptions(p *point) (*link.NetfilterOptions, error) {
	family, hook, ok := strings.Cut(p.where, ":")
	if !ok {
		return nil, &predicate{`is no hook of netfilter, which is written "ipv4:local_in"`}
	}
	opts := &link.NetfilterOptions{Priority: int32(p.priority)}
	var err error
	if opts.ProtocolFamily, err = choose("the family", family, netfilterFamilies); err != nil {
		return nil, err
	}
	if opts.Hook, err = choose("the hook", hook, netfilterHooks); err != nil {
		return nil, err
	}
	// The first and the last are the kernel's own.
	if p.priority <= math.MinInt32 || p.priority >= math.MaxInt32 {
		return nil, fmt.Errorf("the priority %d is not between %d and %d", p.priority, math.MinInt32+1, math.MaxInt32-1)
	}
	return opts, nil
}
