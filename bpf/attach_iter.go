package bpf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// iterKind programs run once for each element when their text is read, which Start does. Iterators over a map take it as an option, those
// over tasks and what belongs to them a process, and that over cgroups where to begin and in which order to go.
var iterKind = &kind{
	name:        "iter",
	sections:    []string{"iter", "iter.s"},
	form:        "iterator",
	programType: ebpf.Tracing,
	attachType:  ebpf.AttachTraceIter,
	takes:       takesMap | takesPID | takesCgroup | takesOrder,
	resolve:     resolveIter,
	attach:      attachIter,
	names:       func(*point) []string { return symbolsWithPrefix("bpf_iter_") },
}

// mapIterators go through a map, which they do not work without.
var mapIterators = []string{"bpf_map_elem", "bpf_sk_storage_map", "sockmap"}

// cgroupOrders are enum bpf_cgroup_iter_order by name.
var cgroupOrders = map[string]uint32{"self": 1, "pre": 2, "post": 3, "up": 4}

func resolveIter(p *point) error {
	if err := resolveLoadTarget(p); err != nil {
		return err
	}
	overMap := false
	for _, name := range mapIterators {
		overMap = overMap || p.symbol == name
	}
	switch {
	case overMap && p.mapName == "" && !p.hook:
		return &passive{fmt.Errorf(`it goes through a map; write attach_to(%q, %q, {map = "NAME"})`, p.name, p.where)}
	case overMap && p.mapName == "":
		return &predicate{`is an iterator over a map; name it with {map = "NAME"}`}
	case !overMap && p.mapName != "":
		return fmt.Errorf("map is an option of the iterators %s, not of %s", strings.Join(mapIterators, ", "), p.symbol)
	case p.mapName != "" && p.object.spec.Maps[p.mapName] == nil:
		return fmt.Errorf("the object has no map named %s", p.mapName)
	case p.pid != 0 && !strings.HasPrefix(p.symbol, "task"):
		return fmt.Errorf("pid is an option of the iterators task, task_file and task_vma, not of %s", p.symbol)
	case (p.cgroup != "" || p.order != "") && p.symbol != "cgroup":
		return fmt.Errorf("cgroup and order are options of the iterator cgroup, not of %s", p.symbol)
	}
	if p.symbol == "cgroup" {
		if p.order == "" {
			p.order = "pre"
		}
		if _, err := choose("the order", p.order, cgroupOrders); err != nil {
			return err
		}
		if p.cgroup == "" {
			p.cgroup = probe.Cgroup2()
		}
		at := *p
		if err := resolveCgroupPath(&at, p.cgroup); err != nil {
			return err
		}
		p.cgroup = at.symbol
	}
	return nil
}

// The arms of union bpf_iter_link_info that are used here.
type (
	iterMap    struct{ fd uint32 }
	iterTask   struct{ tid, pid, pidFD uint32 }
	iterCgroup struct {
		order, fd uint32
		id        uint64
	}
)

func attachIter(prog *ebpf.Program, p *point) (io.Closer, error) {
	attr := iterLinkAttr{linkCreateAttr: linkCreateAttr{prog: uint32(prog.FD()), attachType: uint32(p.attachType)}}
	switch {
	case p.mapName != "":
		info := iterMap{uint32(p.instance.maps[p.mapName].FD())}
		attr.info, attr.infoLen = unsafe.Pointer(&info), uint32(unsafe.Sizeof(info))
	case p.pid != 0:
		if err := unix.Kill(p.pid, 0); errors.Is(err, unix.ESRCH) {
			return nil, fmt.Errorf("there is no process %d", p.pid)
		}
		info := iterTask{pid: uint32(p.pid)}
		attr.info, attr.infoLen = unsafe.Pointer(&info), uint32(unsafe.Sizeof(info))
	case p.cgroup != "":
		dir, err := os.Open(p.cgroup)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		info := iterCgroup{order: cgroupOrders[p.order], fd: uint32(dir.Fd())}
		attr.info, attr.infoLen = unsafe.Pointer(&info), uint32(unsafe.Sizeof(info))
	}
	l, err := createLink(unsafe.Pointer(&attr), unsafe.Offsetof(attr.infoLen)+unsafe.Sizeof(attr.infoLen))
	switch {
	case (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.E2BIG)) && p.pid != 0:
		return nil, errors.New("this kernel's iterators go through all processes (6.1 or later take a pid)")
	case errors.Is(err, unix.EINVAL) && p.mapName != "":
		return nil, fmt.Errorf("map %s is none that %s goes through: %w", p.mapName, p.symbol, err)
	}
	return l, err
}
