package bpf

import (
	"fmt"
	"net"
	"time"

	"github.com/cilium/ebpf/link"
)

// With an interface, a cgroup or a network namespace go the attachments to it. The kernel tells nobody, and keeps links that are attached to
// nothing.

// goneInterval is how often is looked.
const goneInterval = time.Second

// hold is an attachment that may go before the instance does.
type hold struct {
	point *point
	what  string // it is attached to
	there func() bool
}

// holds returns the attachments that may go.
func (i *Instance) holds() []hold {
	var all []hold
	for _, p := range i.points {
		h := hold{point: p}
		if l, ok := p.link.(link.Link); ok {
			h.what, h.there = linkTarget(l)
		} else if _, ok := p.link.(*keeper); ok && p.kind == tcKind {
			h.what, h.there = "interface", func() bool { _, err := net.InterfaceByIndex(p.index); return err == nil }
		}
		// What is not there for this thread, being in another network, cannot be watched.
		if h.there != nil && h.there() {
			all = append(all, h)
		}
	}
	return all
}

// linkTarget returns what a link is attached to, and how to ask the kernel whether it still is; nil for what does not go away. The link itself is
// not touched again, since somebody may close it.
func linkTarget(l link.Link) (what string, there func() bool) {
	info, err := l.Info()
	if err != nil {
		return "", nil
	}
	if what, _ = attachedTo(info); what == "" {
		return "", nil
	}
	return what, func() bool {
		again, err := link.NewFromID(info.ID)
		if err != nil {
			return true // it is not attached, or this process may not ask: neither is the target's doing
		}
		defer again.Close()
		now, err := again.Info()
		if err != nil {
			return true
		}
		_, attached := attachedTo(now)
		return attached
	}
}

// attachedTo tells what sort of thing a link is attached to, and whether it is there.
func attachedTo(info *link.Info) (what string, there bool) {
	if xdp := info.XDP(); xdp != nil {
		return "interface", xdp.Ifindex != 0
	}
	if tcx := info.TCX(); tcx != nil {
		return "interface", tcx.Ifindex != 0
	}
	if netkit := info.Netkit(); netkit != nil {
		return "interface", netkit.Ifindex != 0
	}
	if cgroup := info.Cgroup(); cgroup != nil {
		return "cgroup", cgroup.CgroupId != 0
	}
	if ns := info.NetNs(); ns != nil {
		return "network namespace", ns.NetnsInode != 0
	}
	return "", false
}

// watchHolds sends a Batch with Gone for each attachment that goes, until the programs are detached.
func (i *Instance) watchHolds(out chan<- *Batch, held []hold) {
	tick := time.NewTicker(goneInterval)
	defer tick.Stop()
	for len(held) > 0 {
		select {
		case <-tick.C:
		case <-i.detached:
			return
		case <-i.closing:
			return
		}
		var rest []hold
		for _, h := range held {
			if h.there() {
				rest = append(rest, h)
				continue
			}
			gone := fmt.Errorf("program %s is attached to %s no more: the %s has gone", h.point.name, h.point.where, h.what)
			if !i.send(out, &Batch{Instance: i, Gone: gone}) {
				return
			}
		}
		held = rest
	}
}
