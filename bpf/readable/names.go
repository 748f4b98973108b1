package readable

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// What numbers of the kernel mean. Each function returns "" where it does not know.

// Errno returns the name of an error number of either sign, as in ENOENT or -ENOENT; the sign is kept.
func Errno(n int64) string {
	switch {
	case n < -maxErrno || n > maxErrno:
		return ""
	case n < 0:
		if name := unix.ErrnoName(syscall.Errno(-n)); name != "" {
			return "-" + name
		}
		return ""
	}
	return unix.ErrnoName(syscall.Errno(n))
}

// Signal returns the name of a signal: SIGKILL, or SIGRTMIN+3 as shells count those for programs' own use.
func Signal(n int64) string {
	const first, last = 34, 64 // SIGRTMIN, as the C library leaves it, and SIGRTMAX
	switch {
	case n == first:
		return "SIGRTMIN"
	case n > first && n <= last:
		return fmt.Sprintf("SIGRTMIN+%d", n-first)
	case n <= 0 || n > last:
		return ""
	}
	return unix.SignalName(syscall.Signal(n))
}

// remembered keeps answers for a while, and a bounded number of them.
type remembered[K comparable, V any] struct {
	mu      sync.Mutex
	answers map[K]answer[V]
}

type answer[V any] struct {
	value V
	at    time.Time
}

const (
	remember     = 10 * time.Second
	mostAnswers  = 4096
	noAnswerFor  = time.Second // names that come later are to be seen
	changesAfter = time.Second
)

// get returns what find says of k, or said no longer than a time ago.
func (r *remembered[K, V]) get(k K, long time.Duration, find func(K) V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if a, ok := r.answers[k]; ok && now.Sub(a.at) < long {
		return a.value
	}
	if r.answers == nil || len(r.answers) >= mostAnswers {
		r.answers = make(map[K]answer[V])
	}
	v := find(k)
	r.answers[k] = answer[V]{v, now}
	return v
}

var (
	users      remembered[uint32, string]
	interfaces remembered[int, string]
	devices    remembered[uint32, string]
	cgroups    remembered[uint64, string]
)

// User returns the name of a user, by /etc/passwd.
func User(uid uint32) string {
	return users.get(uid, remember, func(uid uint32) string {
		u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
		if err != nil {
			return ""
		}
		return u.Username
	})
}

// Interface returns the name of a network interface of this network namespace, by its index.
func Interface(index int) string {
	if index <= 0 {
		return ""
	}
	return interfaces.get(index, changesAfter, func(index int) string {
		i, err := net.InterfaceByIndex(index)
		if err != nil {
			return ""
		}
		return i.Name
	})
}

// Process returns the name of a process or thread, its comm. A process that is gone has none.
func Process(pid int) string {
	if pid <= 0 {
		return ""
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(b), "\n")
}

// deviceMinorBits are MINORBITS of include/linux/kdev_t.h: how the kernel itself keeps a dev_t. User space has it otherwise.
const deviceMinorBits = 20

// DeviceNumbers returns major and minor number of a dev_t of the kernel, as 8:1.
func DeviceNumbers(dev uint32) string {
	return fmt.Sprintf("%d:%d", dev>>deviceMinorBits, dev&(1<<deviceMinorBits-1))
}

// Device returns the name of a block device, such as sda1, or of a character device, by a dev_t of the kernel.
func Device(dev uint32) string {
	return devices.get(dev, remember, func(dev uint32) string {
		for _, kind := range []string{"block", "char"} {
			if path, err := os.Readlink("/sys/dev/" + kind + "/" + DeviceNumbers(dev)); err == nil {
				return filepath.Base(path)
			}
		}
		return ""
	})
}

// Cgroup returns the path of a control group below the mount point of cgroup2, by the ID that bpf_get_current_cgroup_id returns. The
// root is "/".
func Cgroup(id uint64) string {
	return cgroups.get(id, remember, func(id uint64) string {
		root := probe.Cgroup2()
		if root == "" {
			return ""
		}
		path := cgroupByHandle(root, id)
		if path == "" {
			return ""
		}
		return cmp.Or(strings.TrimPrefix(path, root), "/")
	})
}

// cgroupByHandle opens the folder of which the ID is the file handle (fs/kernfs/mount.c, kernfs_fh_to_dentry).
func cgroupByHandle(root string, id uint64) string {
	mount, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(mount)
	const kernfs = 0xfe // FILEID_KERNFS
	fd, err := unix.OpenByHandleAt(mount, unix.NewFileHandle(kernfs, binary.NativeEndian.AppendUint64(nil, id)), unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil || strings.HasSuffix(path, " (deleted)") {
		return ""
	}
	return path
}

// Moment returns the time of day at which the clock of bpf_ktime_get_ns stood at ns.
func Moment(ns int64) time.Time { return clock().zero.Add(time.Duration(ns)) }
