package bpf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/ftrace"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// attachEachFunction gives each function a kprobe of its own.
func attachEachFunction(prog *ebpf.Program, p *point, functions []ftrace.Function) (links concurrently, refused []string, err error) {
	if !probe.Kprobes() {
		return nil, nil, errNoKprobes
	}
	p.warnOneByOne(len(functions))
	named := make(map[string]bool)
	for _, f := range functions {
		if f.Address == 0 && named[f.Name] {
			continue // what the kernel finds by a name is the same again
		}
		named[f.Name] = true
		l, err := attachToFunction(prog, p, f)
		switch {
		case err == nil:
			links = append(links, l)
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, fs.ErrNotExist), cannotProbe(err):
			refused = append(refused, f.Name)
		case errors.Is(err, unix.EMFILE):
			return links, nil, tooManyFiles(len(functions))
		default:
			return links, nil, explainKprobe(err)
		}
	}
	return links, refused, nil
}

func attachToFunction(prog *ebpf.Program, p *point, f ftrace.Function) (io.Closer, error) {
	returns := p.kind.moments == onReturn
	events, ok := kprobeEvents()
	switch {
	case f.Address != 0 && ok:
		event, err := events.open(f.Address, returns)
		if err != nil {
			return nil, err
		}
		return attachToEvent(prog, event, p.cookie)
	case returns:
		return link.Kretprobe(f.Name, prog, &link.KprobeOptions{Cookie: p.cookie})
	}
	return link.Kprobe(f.Name, prog, &link.KprobeOptions{Cookie: p.cookie})
}

// kprobePMU is what the kernel calls the perf events that are kprobes by.
type kprobePMU struct {
	number    uint32
	returnBit uint
}

// kprobeEvents asks for it. Kernels before 4.17 have none.
var kprobeEvents = sync.OnceValues(func() (pmu kprobePMU, ok bool) {
	const dir = "/sys/bus/event_source/devices/kprobe"
	for _, value := range []struct {
		file, format string
		to           any
	}{{"type", "%d", &pmu.number}, {"format/retprobe", "config:%d", &pmu.returnBit}} {
		b, err := os.ReadFile(filepath.Join(dir, value.file))
		if err != nil {
			return pmu, false
		}
		if _, err := fmt.Sscanf(string(b), value.format, value.to); err != nil {
			return pmu, false
		}
	}
	return pmu, true
})

// open makes a kprobe at an address. By its name, as cilium/ebpf does it, the kernel would look for the function among all symbols, for milliseconds
// before 6.2, and refuse it or take any where several have the name.
func (k kprobePMU) open(address uint64, returns bool) (*os.File, error) {
	attr := &unix.PerfEventAttr{Size: unix.PERF_ATTR_SIZE_VER1, Type: k.number, Ext2: address} // kprobe_addr
	if returns {
		attr.Config = 1 << k.returnBit
	}
	return openPerfEvent(attr, -1, 0)
}
