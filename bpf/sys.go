package bpf

import (
	"fmt"
	"unsafe"

	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// What cilium/ebpf has no function for is asked of bpf(2) itself. The structs are parts of union bpf_attr in include/uapi/linux/bpf.h, as
// far as they are used here, on machines whose pointers have 64 bits; the kernel takes what follows for zero.

type progLoadAttr struct {
	progType, insnCount uint32
	insns, license      unsafe.Pointer
	logLevel, logSize   uint32
	log                 unsafe.Pointer
	kernelVersion       uint32
	flags               uint32
	name                [objectNameLength]byte
	ifindex             uint32
	attachType          uint32
	btf, funcSize       uint32
	funcs               unsafe.Pointer
	funcCount, lineSize uint32
	lines               unsafe.Pointer
	lineCount           uint32
	attachBTF           uint32
}

const objectNameLength = 16 // BPF_OBJ_NAME_LEN, with the NUL

type linkCreateAttr struct {
	prog, target      uint32
	attachType, flags uint32
}

// Go may leave what it wants between and behind the fields of a literal, so no attr has a gap that the kernel looks at.

// tracingLinkAttr is linkCreateAttr of programs that are bound to a function.
type tracingLinkAttr struct {
	linkCreateAttr
	target uint32 // BTF id
	cookie uint64
}

// iterLinkAttr is linkCreateAttr of iterators.
type iterLinkAttr struct {
	linkCreateAttr
	info    unsafe.Pointer
	infoLen uint32
}

// perfLinkAttr is linkCreateAttr of programs that are attached to a perf event.
type perfLinkAttr struct {
	linkCreateAttr
	cookie uint64
}

// uprobeMultiAttr is linkCreateAttr of programs that are attached to many places of a file.
type uprobeMultiAttr struct {
	linkCreateAttr
	path, offsets, semaphores, cookies unsafe.Pointer
	count, multiFlags, pid, _          uint32
}

// bpfCall returns the file descriptor that the command makes.
func bpfCall(command int, attr unsafe.Pointer, size uintptr) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(command), uintptr(attr), size)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// pointer returns where b begins, for the kernel.
func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// createLink makes a link out of one of the attrs, which is that long.
func createLink(attr unsafe.Pointer, size uintptr) (link.Link, error) {
	fd, err := bpfCall(unix.BPF_LINK_CREATE, attr, size)
	if err != nil {
		return nil, fmt.Errorf("create link: %w", err)
	}
	return link.NewFromFD(fd)
}
