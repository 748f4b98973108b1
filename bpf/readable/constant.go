package readable

import (
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// constants are numbers of the kernel's interfaces that have names, where programs keep them in plain integers. Enums need none of this.
type constants struct {
	names []string // of members, in lower case
	// socket: only in a struct that is about a socket or packets, since the names mean other things, too.
	socket bool
	// unless are names of other members of the struct with which these mean something else.
	unless []string
	text   func(v int64) string // "" for what has no name
}

var allConstants = []constants{
	{names: []string{"sig", "signal", "signo", "signum", "exit_signal"}, text: Signal},
	{names: familyNames, text: familyName},
	{names: []string{"oldstate", "newstate", "old_state", "new_state", "state", "tcp_state", "skc_state", "sk_state"}, socket: true, text: nameIn(tcpStates)},
	{names: []string{"proto", "protocol", "l4_proto", "ip_proto", "ipproto"}, socket: true, text: protocolName},
	{names: []string{"cap", "capability"}, unless: []string{"len", "length", "size", "used", "count"}, text: nameIn(capabilities)},
	{names: []string{"vec", "vec_nr", "softirq", "softirq_vec"}, text: nameIn(softIRQs)},
	{names: []string{"dfd", "dirfd", "dir_fd", "from_dfd", "to_dfd"}, text: func(v int64) string {
		if v == -100 { // of include/uapi/linux/fcntl.h
			return "AT_FDCWD"
		}
		return ""
	}},
}

// constantReading returns how an integer is shown that holds one of allConstants, or nil.
func (f *Form) constantReading(field *decode.Field, name string) *Reading {
	for i := range allConstants {
		c := &allConstants[i]
		if field.Type.Size > 4 || !slices.Contains(c.names, name) || c.socket && !f.aboutSocket() || f.hasAny(c.unless) {
			continue
		}
		return &Reading{Name: field.Name, Width: len("AF_INET6"), append: func(dst, rec []byte, _ bool) ([]byte, bool) {
			bits, ok := field.Bits(rec)
			if !ok {
				return dst, false
			}
			if field.Type.Size == 4 {
				bits = uint64(int64(int32(bits))) // also where programs keep it in an unsigned
			}
			text := c.text(int64(bits))
			return append(dst, text...), text != ""
		}}
	}
	return nil
}

// hasAny reports whether the struct has a member of one of names.
func (f *Form) hasAny(names []string) bool {
	return slices.ContainsFunc(f.typ.Fields, func(field decode.Field) bool { return slices.Contains(names, strings.ToLower(field.Name)) })
}

// aboutSocket reports whether f is of a struct about a socket or a packet: it has ports or addresses.
func (f *Form) aboutSocket() bool {
	return slices.ContainsFunc(f.typ.Fields, func(field decode.Field) bool {
		name := strings.ToLower(field.Name)
		for _, part := range []string{"port", "saddr", "daddr", "skaddr"} {
			if strings.Contains(name, part) {
				return true
			}
		}
		return slices.Contains(familyNames, name)
	})
}

func nameIn(names []string) func(int64) string {
	return func(v int64) string {
		if v < 0 || v >= int64(len(names)) {
			return ""
		}
		return names[v]
	}
}

// familyNames are what members are called that hold the family of a socket's addresses.
var familyNames = []string{"family", "af", "sa_family", "addr_family", "skc_family"}

// familyName names AF_... of include/linux/socket.h, those that programs come across.
func familyName(v int64) string {
	return map[int64]string{1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6", 16: "AF_NETLINK", 17: "AF_PACKET", 29: "AF_CAN", 38: "AF_ALG", 40: "AF_VSOCK", 44: "AF_XDP"}[v]
}

// protocolName names IPPROTO_... of include/uapi/linux/in.h without what they begin with.
func protocolName(v int64) string {
	return map[int64]string{1: "ICMP", 2: "IGMP", 4: "IPIP", 6: "TCP", 17: "UDP", 33: "DCCP", 41: "IPV6", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPV6", 132: "SCTP", 262: "MPTCP"}[v]
}

// tcpStates are those of include/net/tcp_states.h; 0 is none.
var tcpStates = []string{"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN",
	"CLOSING", "NEW_SYN_RECV", "BOUND_INACTIVE"}

// softIRQs are as trace events print them (include/trace/events/irq.h).
var softIRQs = []string{"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"}

// capabilities are those of include/uapi/linux/capability.h.
var capabilities = []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
	"CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
	"CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
	"CAP_CHECKPOINT_RESTORE"}
