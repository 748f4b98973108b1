package probe

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Where the kernel keeps what is asked for here.
const (
	vmlinuxBTF  = "/sys/kernel/btf/vmlinux"
	tracefsPath = "/sys/kernel/tracing"
	debugfsPath = "/sys/kernel/debug"
	lockdown    = "/sys/kernel/security/lockdown"
	activeLSMs  = "/sys/kernel/security/lsm"
)

// Release returns the kernel's release as uname -r does, and its version as numbers.
func Release() (release string, major, minor int) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", 0, 0
	}
	release = unix.ByteSliceToString(u.Release[:])
	fmt.Sscanf(release, "%d.%d", &major, &minor)
	return release, major, minor
}

// HasBTF reports whether the kernel tells the types of its own functions and structs.
func HasBTF() bool {
	_, err := os.Stat(vmlinuxBTF)
	return err == nil
}

// Kprobes reports whether the kernel can probe its own functions.
func Kprobes() bool {
	_, err := os.Stat("/sys/bus/event_source/devices/kprobe")
	if err == nil {
		return true
	}
	root := Tracefs()
	if root == "" {
		return false
	}
	_, err = os.Stat(filepath.Join(root, "kprobe_events"))
	return err == nil
}

// Tracefs returns where tracefs is mounted, or "".
func Tracefs() string {
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return ""
	}
	defer f.Close()
	debugfs := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 3 {
			continue
		}
		switch fields[2] {
		case "tracefs":
			return fields[1]
		case "debugfs":
			debugfs = filepath.Join(fields[1], "tracing")
		}
	}
	if _, err := os.Stat(filepath.Join(debugfs, "events")); debugfs != "" && err == nil {
		return debugfs
	}
	return ""
}

// MountTracefs mounts tracefs where it belongs unless it is mounted somewhere. It returns the
// mount point, and whether it was this call that mounted it.
func MountTracefs() (path string, mounted bool, err error) {
	if path := Tracefs(); path != "" {
		return path, false, nil
	}
	if err := unix.Mount("tracefs", tracefsPath, "tracefs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RELATIME, ""); err == nil {
		return tracefsPath, true, nil
	} else if errors.Is(err, unix.EPERM) {
		return "", false, fmt.Errorf("mount tracefs at %s: %w", tracefsPath, err)
	}
	// Kernels before 4.1, and containers whose /sys lacks the folder, have it in debugfs.
	if err := unix.Mount("debugfs", debugfsPath, "debugfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RELATIME, ""); err != nil {
		return "", false, fmt.Errorf("mount debugfs at %s: %w", debugfsPath, err)
	}
	return filepath.Join(debugfsPath, "tracing"), true, nil
}

// MountBPF mounts the bpf file system at path, a folder, unless one is mounted there. It reports whether it did.
func MountBPF(path string) (mounted bool, err error) {
	var at unix.Statfs_t
	if err := unix.Statfs(path, &at); err != nil {
		return false, fmt.Errorf("mount the bpf file system at %s: %w", path, err)
	}
	if at.Type == unix.BPF_FS_MAGIC {
		return false, nil
	}
	if err := unix.Mount("bpf", path, "bpf", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RELATIME, "mode=0700"); err != nil {
		return false, fmt.Errorf("mount the bpf file system at %s: %w", path, err)
	}
	return true, nil
}

// Lockdown returns the mode of kernel lockdown that restricts eBPF, "integrity" or "confidentiality", or "" without one.
func Lockdown() string {
	b, err := os.ReadFile(lockdown)
	if err != nil {
		return ""
	}
	// "none [integrity] confidentiality": the mode in force is in brackets.
	_, rest, _ := strings.Cut(string(b), "[")
	mode, _, _ := strings.Cut(rest, "]")
	if mode == "none" {
		return ""
	}
	return mode
}

// AsksLSM reports whether the kernel asks LSM programs: they load and attach where bpf is not among the active security
// modules, but nothing calls them. Where that cannot be read it is taken for granted.
func AsksLSM() bool {
	b, err := os.ReadFile(activeLSMs)
	if err != nil {
		return true
	}
	return slices.Contains(strings.Split(strings.TrimSpace(string(b)), ","), "bpf")
}

// OnlineCPUs returns the numbers of the CPUs that are on; CPU 0 alone where that cannot be read.
func OnlineCPUs() []int {
	b, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return []int{0}
	}
	cpus := parseCPUs(strings.TrimSpace(string(b)))
	if len(cpus) == 0 {
		return []int{0}
	}
	return cpus
}

// CPUs returns the numbers in a list of CPUs as the kernel writes it, "0-3,5"; nil where text is none.
func CPUs(text string) []int { return parseCPUs(text) }

// parseCPUs reads lists like "0-3,5".
func parseCPUs(list string) []int {
	const most = 1 << 16 // CPUs, more than any kernel takes
	var cpus []int
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil
		}
		to := from
		if isRange {
			if to, err = strconv.Atoi(last); err != nil {
				return nil
			}
		}
		if to-from > most {
			return nil
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// sysctl returns a number from /proc/sys; ok is false where the kernel does not have it.
func sysctl(name string) (n int, ok bool) {
	b, err := os.ReadFile(filepath.Join("/proc/sys", name))
	if err != nil {
		return 0, false
	}
	n, err = strconv.Atoi(strings.TrimSpace(string(b)))
	return n, err == nil
}

// RaiseMemlock lifts the limit of locked memory where the kernel counts maps as that, before 5.11. It tries: where
// the process may not, creating a map tells.
func RaiseMemlock() {
	if _, major, minor := Release(); major > 5 || major == 5 && minor >= 11 {
		return
	}
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	_ = unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited)
}
