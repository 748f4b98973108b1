package probe

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Check is a thing that eBPF needs or is better with, and how it is here.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"`        // nothing runs without; false: only some programs need it
	Detail string `json:"detail"`        // what was found
	Fix    string `json:"fix,omitempty"` // a command, or what to do; "" when OK
}

// Checks looks at everything. It changes nothing.
func Checks() []Check {
	return []Check{
		checkVersion(), checkBTF(), checkCapabilities(), checkTracefs(),
		checkMemlock(), checkLockdown(), checkParanoid(), checkUnprivileged(),
	}
}

// ringBuffers is the first kernel that has them.
const ringBuffers = "5.8"

func checkVersion() Check {
	release, major, minor := Release()
	c := Check{Name: "kernel", Needed: true, Detail: "Linux " + release}
	c.OK = major > 5 || major == 5 && minor >= 8
	if !c.OK {
		c.Fix = "boot Linux " + ringBuffers + " or later, which has ring buffers"
	}
	return c
}

func checkBTF() Check {
	c := Check{Name: "BTF", OK: HasBTF(), Needed: true, Detail: vmlinuxBTF}
	if !c.OK {
		c.Detail = "the kernel does not tell its types: " + vmlinuxBTF + " is absent"
		c.Fix = "boot a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions build theirs, or run with --btf FILE"
	}
	return c
}

// checkCapabilities: without CAP_NET_ADMIN programs still trace.
func checkCapabilities() Check {
	c := Check{Name: "capabilities", Needed: len(Missing(CapBPF, CapPerfmon)) > 0}
	missing := Missing(CapBPF, CapPerfmon, CapNetAdmin)
	if c.OK = len(missing) == 0; c.OK {
		c.Needed = true
		c.Detail = "may load, trace and attach to the network"
		return c
	}
	names := make([]string, len(missing))
	for i, m := range missing {
		names[i] = m.String()
	}
	c.Detail = "missing " + strings.Join(names, ", ")
	c.Fix = "run ebpfx as root, or sudo setcap cap_bpf,cap_perfmon,cap_net_admin+ep " + executable()
	return c
}

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return "ebpfx"
	}
	return path
}

func checkTracefs() Check {
	c := Check{Name: "tracefs", Detail: Tracefs()}
	if c.OK = c.Detail != ""; c.OK {
		return c
	}
	if Has(CapSysAdmin) {
		c.OK = true
		c.Detail = "not mounted; it is mounted when a program needs it"
		return c
	}
	c.Detail = "not mounted, and tracepoints need it"
	c.Fix = "sudo mount -t tracefs tracefs " + tracefsPath
	return c
}

// checkMemlock: kernels before 5.11 count the memory of maps as locked memory.
func checkMemlock() Check {
	c := Check{Name: "memlock", OK: true, Detail: "not limited by this kernel"}
	_, major, minor := Release()
	if major > 5 || major == 5 && minor >= 11 {
		return c
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		c.Detail = fmt.Sprintf("unknown: %v", err)
		return c
	}
	if limit.Cur == unix.RLIM_INFINITY {
		c.Detail = "unlimited"
		return c
	}
	c.Detail = fmt.Sprintf("%d KB", limit.Cur>>10)
	if c.OK = Has(unix.CAP_SYS_RESOURCE); c.OK {
		c.Detail += "; it is raised when needed"
	} else {
		c.Needed = true
		c.Fix = "ulimit -l unlimited"
	}
	return c
}

func checkLockdown() Check {
	c := Check{Name: "lockdown", OK: true, Detail: "off"}
	switch mode := Lockdown(); mode {
	case "":
	case "confidentiality":
		c.OK = false
		c.Detail = "confidentiality: programs may not read kernel memory"
		c.Fix = "boot with lockdown=integrity, or without Secure Boot"
	default:
		c.Detail = mode
	}
	return c
}

func checkParanoid() Check {
	c := Check{Name: "perf_event_paranoid", OK: true}
	n, ok := sysctl("kernel/perf_event_paranoid")
	switch {
	case !ok:
		c.Detail = "not known to this kernel"
		return c
	case n > 2 && !Has(CapPerfmon) && !Has(CapSysAdmin):
		c.OK = false
		c.Fix = "sudo sysctl kernel.perf_event_paranoid=2"
	}
	c.Detail = fmt.Sprint(n)
	return c
}

func checkUnprivileged() Check {
	c := Check{Name: "unprivileged_bpf_disabled", OK: true}
	n, ok := sysctl("kernel/unprivileged_bpf_disabled")
	switch {
	case !ok:
		c.Detail = "not known to this kernel"
	case n == 0:
		c.Detail = "0: anybody may load simple programs, which is a risk of its own"
	default:
		c.Detail = fmt.Sprintf("%d: only with CAP_BPF", n)
	}
	return c
}
