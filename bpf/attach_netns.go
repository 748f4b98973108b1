package bpf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Programs of these kinds are attached to a network namespace: "self", the name that ip netns knows, or a path like /proc/PID/ns/net.
var (
	skLookupKind = &kind{
		name:        "sk_lookup",
		sections:    []string{"sk_lookup"},
		anySuffix:   true,
		form:        "self",
		programType: ebpf.SkLookup,
		attachType:  ebpf.AttachSkLookup,
		resolve:     resolveNetns,
		attach:      attachNetns,
		names:       func(*point) []string { return netnsNames() },
	}
	flowDissectorKind = &kind{
		name:        "flow_dissector",
		sections:    []string{"flow_dissector"},
		anySuffix:   true,
		form:        "self",
		programType: ebpf.FlowDissector,
		attachType:  ebpf.AttachFlowDissector,
		resolve:     resolveNetns,
		attach:      attachNetns,
		names:       func(*point) []string { return netnsNames() },
	}
)

const namedNetns = "/run/netns"

func resolveNetns(p *point) error {
	switch {
	case p.where == "self":
		p.symbol = "/proc/thread-self/ns/net" // another thread of the process may be elsewhere
	case filepath.IsAbs(p.where):
		p.symbol = p.where
	default:
		p.symbol = filepath.Join(namedNetns, p.where)
	}
	var fs unix.Statfs_t
	switch err := unix.Statfs(p.symbol, &fs); {
	case err != nil:
		return &missing{err: &predicate{"names no network namespace: write \"self\", a name of ip netns, or \"/proc/PID/ns/net\""}}
	case fs.Type != unix.NSFS_MAGIC:
		return fmt.Errorf("%s is no network namespace", p.symbol)
	}
	return nil
}

func attachNetns(prog *ebpf.Program, p *point) (io.Closer, error) {
	ns, err := os.Open(p.symbol)
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	l, err := link.AttachNetNs(int(ns.Fd()), prog)
	if errors.Is(err, unix.EEXIST) || errors.Is(err, unix.EBUSY) || errors.Is(err, unix.E2BIG) {
		return nil, &predicate{"is a network namespace whose " + p.kind.name + " " + netnsHolder(ns, p.attachType) + " holds"}
	}
	return l, err
}

func netnsNames() []string {
	names := []string{"self"}
	entries, err := os.ReadDir(namedNetns)
	if err != nil {
		return names
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
