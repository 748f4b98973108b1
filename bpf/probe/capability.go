package probe

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Capability is a capability of a process, as in capabilities(7).
type Capability int

// Capabilities that eBPF needs.
const (
	CapBPF      Capability = unix.CAP_BPF       // load programs, since kernel 5.8
	CapPerfmon  Capability = unix.CAP_PERFMON   // trace with them
	CapNetAdmin Capability = unix.CAP_NET_ADMIN // attach them to the network
	CapSysAdmin Capability = unix.CAP_SYS_ADMIN // all of that before 5.8; mount tracefs
)

// String returns the name, CAP_BPF.
func (c Capability) String() string {
	switch c {
	case CapBPF:
		return "CAP_BPF"
	case CapPerfmon:
		return "CAP_PERFMON"
	case CapNetAdmin:
		return "CAP_NET_ADMIN"
	case CapSysAdmin:
		return "CAP_SYS_ADMIN"
	}
	return fmt.Sprintf("capability %d", int(c))
}

// Has reports whether the capability is in effect for this process.
func Has(c Capability) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[c/32].Effective&(1<<(c%32)) != 0
}

// Missing returns which of the capabilities the process lacks. CAP_SYS_ADMIN stands in for CAP_BPF and CAP_PERFMON, as it
// does in the kernel.
func Missing(all ...Capability) []Capability {
	var missing []Capability
	for _, c := range all {
		if Has(c) || (c == CapBPF || c == CapPerfmon) && Has(CapSysAdmin) {
			continue
		}
		missing = append(missing, c)
	}
	return missing
}
