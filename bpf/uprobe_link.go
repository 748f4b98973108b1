package bpf

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/executable"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// place is where in a file a program is attached.
type place struct {
	offset    uint64
	semaphore uint64 // offset of a count of those who are attached, for the kernel to keep; 0: there is none
	cookie    uint64
}

// attachTraceUprobeSession is BPF_TRACE_UPROBE_SESSION, which cilium/ebpf v0.22 has no name for.
const attachTraceUprobeSession = ebpf.AttachType(57)

// attachPlaces attaches prog to places of f, with one link where prog was loaded for that. Of several places, those that
// the kernel takes no probe at are left out, and the first of them returned, unless it takes none at all.
func attachPlaces(prog *ebpf.Program, p *point, f *executable.File, places []place) (_ io.Closer, refused []place, err error) {
	attach := attachEachPlace
	switch {
	case p.attachType != ebpf.AttachNone:
		attach = attachAllPlaces
	case len(places) > few:
		l, err := attachAsEvent(prog, p, f, places)
		if err == nil {
			return l, nil, nil
		}
		p.instance.verbose(fmt.Sprintf("%s: no trace event for its %d functions: %v", p.name, len(places), err))
	}
	links, refused, err := attach(prog, p, f, places)
	if err == nil && len(links) == 0 {
		err = fmt.Errorf("the instruction at %#x of %s is none that can be probed", places[0].offset, f.Name)
	}
	if err != nil {
		return nil, nil, errors.Join(err, links.Close())
	}
	return links, refused, nil
}

// attachEachPlace opens a perf event for each place.
func attachEachPlace(prog *ebpf.Program, p *point, f *executable.File, places []place) (links concurrently, refused []place, err error) {
	p.warnOneByOne(len(places))
	path := f.KernelPath()
	ex, err := link.OpenExecutable(path)
	if err != nil {
		return nil, nil, err
	}
	attach := ex.Uprobe
	if p.kind.moments == onReturn {
		attach = ex.Uretprobe
	}
	for _, at := range places {
		l, err := attach("", prog, &link.UprobeOptions{Address: at.offset, PID: p.pid, RefCtrOffset: at.semaphore, Cookie: at.cookie})
		switch {
		case err == nil:
			links = append(links, l)
		case cannotProbe(err):
			refused = append(refused, at)
		case errors.Is(err, unix.EMFILE):
			return links, nil, tooManyFiles(len(places))
		default:
			return links, nil, err
		}
	}
	return links, refused, nil
}

// attachAllPlaces makes one link. The kernel refuses it as a whole for one place that it does not take, which is found by halves.
func attachAllPlaces(prog *ebpf.Program, p *point, f *executable.File, places []place) (links concurrently, refused []place, err error) {
	l, err := linkUprobes(prog, p, f.KernelPath(), places)
	switch {
	case err == nil:
		return concurrently{l}, nil, nil
	case !cannotProbe(err):
		return nil, nil, err
	case len(places) == 1:
		return nil, places, nil
	}
	half := len(places) / 2
	for _, part := range [][]place{places[:half], places[half:]} {
		l, r, err := attachAllPlaces(prog, p, f, part)
		links, refused = append(links, l...), append(refused, r...)
		if err != nil {
			return links, refused, err
		}
	}
	return links, refused, nil
}

// linkUprobes attaches prog to places of the file at path with one link, as link.Executable.UprobeMulti does, which
// does not know sessions.
func linkUprobes(prog *ebpf.Program, p *point, path string, places []place) (io.Closer, error) {
	if p.pid < 0 || int64(p.pid) > 1<<31-1 {
		return nil, unix.ESRCH
	}
	offsets, semaphores, cookies := make([]uint64, len(places)), make([]uint64, len(places)), make([]uint64, len(places))
	for i, at := range places {
		offsets[i], semaphores[i], cookies[i] = at.offset, at.semaphore, at.cookie
	}
	var flags uint32
	if p.kind.moments == onReturn {
		flags = 1 // BPF_F_UPROBE_MULTI_RETURN
	}
	return createUprobeLink(prog, p.attachType, path, &uprobeMultiAttr{
		offsets:    unsafe.Pointer(unsafe.SliceData(offsets)),
		semaphores: unsafe.Pointer(unsafe.SliceData(semaphores)),
		cookies:    unsafe.Pointer(unsafe.SliceData(cookies)),
		count:      uint32(len(places)),
		multiFlags: flags,
		pid:        uint32(p.pid),
	})
}

// createUprobeLink makes a link as attr says, for a file.
func createUprobeLink(prog *ebpf.Program, attachType ebpf.AttachType, path string, attr *uprobeMultiAttr) (io.Closer, error) {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return nil, err
	}
	attr.prog, attr.attachType, attr.path = uint32(prog.FD()), uint32(attachType), unsafe.Pointer(name)
	l, err := createLink(unsafe.Pointer(attr), unsafe.Sizeof(*attr))
	if err != nil {
		return nil, err
	}
	return l, nil
}

// attachesMany reports whether this kernel attaches to many places of a file with one link, 6.6 or later. With a pid, kernels before
// 6.10 watch one thread of the process alone.
func attachesMany(pid int) bool {
	return probe.Cookies() && features.HaveBPFLinkUprobeMulti() == nil && (pid == 0 || watchesProcesses())
}

// watchesProcesses asks for the kernel's commit 46ba0e49b642: with it, a pid that cannot be is refused before the file is looked at.
var watchesProcesses = sync.OnceValue(func() bool {
	return errors.Is(tryUprobeLink(ebpf.AttachTraceUprobeMulti, 1<<32-1), unix.EINVAL)
})

// hasUprobeSessions reports whether this kernel runs one program for the call and the return of a function, 6.13 or later.
var hasUprobeSessions = sync.OnceValue(func() bool {
	return errors.Is(tryUprobeLink(attachTraceUprobeSession, 0), unix.EBADF)
})

// tryUprobeLink returns how the kernel refuses to attach to a folder.
func tryUprobeLink(attachType ebpf.AttachType, pid uint32) error {
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:         ebpf.Kprobe,
		AttachType:   attachType,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
		License:      "GPL",
	})
	if err != nil {
		return err
	}
	defer prog.Close()
	l, err := createUprobeLink(prog, attachType, "/", &uprobeMultiAttr{offsets: unsafe.Pointer(new(uint64)), count: 1, pid: pid})
	if err == nil {
		err = l.Close()
	}
	return err
}
