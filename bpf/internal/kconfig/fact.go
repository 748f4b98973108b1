package kconfig

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// facts are the variables that no configuration has and libbpf knows.
var facts = map[string]func() (uint64, error){
	"LINUX_KERNEL_VERSION":      version,
	"LINUX_HAS_BPF_COOKIE":      hasCookie,
	"LINUX_HAS_SYSCALL_WRAPPER": hasSyscallWrapper,
}

// version is KERNEL_VERSION(a, b, c), as features.LinuxVersionCode has it: of the sources, also where a distribution calls itself otherwise.
func version() (uint64, error) {
	code, err := features.LinuxVersionCode()
	if err != nil {
		return 0, fmt.Errorf("read the kernel's version: %w", err)
	}
	return uint64(code), nil
}

// hasCookie asks the kernel whether programs can read the cookie of their link. A process that may not ask gets no: programs then
// do without, which works everywhere.
func hasCookie() (uint64, error) {
	if features.HaveProgramHelper(ebpf.TracePoint, asm.FnGetAttachCookie) != nil {
		return 0, nil
	}
	return 1, nil
}

// syscallPrefixes are what the functions of system calls are called on architectures that wrap them
// (SYSCALL_DEFINEx in arch/*/include/asm/syscall_wrapper.h), by GOARCH.
var syscallPrefixes = map[string]string{
	"386": "__ia32_", "amd64": "__x64_", "arm64": "__arm64_", "ppc64le": "__powerpc_", "riscv64": "__riscv_", "s390x": "__s390x_",
}

// hasSyscallWrapper looks for the wrapper of one system call among the kernel's symbols.
func hasSyscallWrapper() (uint64, error) {
	prefix, ok := syscallPrefixes[runtime.GOARCH]
	if !ok {
		return 0, nil
	}
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return 1, nil // as all these architectures do since 6.6 at the latest, most since 4.17
	}
	defer f.Close()
	wrapper := prefix + "sys_bpf"
	for s := bufio.NewScanner(f); s.Scan(); {
		if fields := strings.Fields(s.Text()); len(fields) >= 3 && fields[2] == wrapper {
			return 1, nil
		}
	}
	return 0, nil
}

// errNoConfig is in terms of what a user can do.
func errNoConfig() error {
	release, _, _ := probe.Release()
	return errors.New("read this kernel's configuration: there is neither /boot/config-" + release + " nor /proc/config.gz")
}
