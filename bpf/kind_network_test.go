package bpf_test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// networkCases are of kinds that see packets and sockets.
var networkCases = []*kindCase{
	{kind: "xdp", name: "best", prepare: sending, hook: bpf.Hook{Program: "on_xdp", Where: "lo"}},
	{kind: "xdp", name: "generic", prepare: sending, hook: bpf.Hook{Program: "on_xdp", Where: "lo", Mode: "generic"}},
	{kind: "xdp", name: "native", prepare: throughVeth, hook: bpf.Hook{Program: "on_xdp", Where: "ebpfx1", Mode: "native"}},
	{kind: "tc", name: "best", prepare: sending, hook: bpf.Hook{Program: "on_tc", Where: "lo"}},
	{kind: "tc", name: "tcx", have: since(6, 6), lacks: "this kernel has no tcx", prepare: sending, hook: bpf.Hook{Program: "on_tc", Where: "lo:egress", Mode: "tcx"}},
	{kind: "tc", name: "clsact", prepare: sending, hook: bpf.Hook{Program: "on_tc", Where: "lo:egress", Mode: "clsact", Priority: 7}},
	{kind: "tc", name: "clsact ingress", prepare: sending, hook: bpf.Hook{Program: "on_tc", Where: "lo:ingress", Mode: "clsact"}},
	{kind: "netkit", name: "primary", have: hasNetkit, lacks: "netkit", prepare: throughNetkit, hook: bpf.Hook{Program: "on_netkit", Where: "ebpfx0"}},
	{kind: "netkit", name: "peer", have: hasNetkit, lacks: "netkit", prepare: throughNetkitPeer, hook: bpf.Hook{Program: "on_netkit", Where: "ebpfx0:peer"}},
	{kind: "netfilter", name: "ipv4", have: since(6, 4), lacks: "this kernel has no programs of type Netfilter", prepare: sending,
		hook: bpf.Hook{Program: "on_netfilter", Where: "ipv4:local_in", Priority: -7}},
	{kind: "sockops", name: "cgroup", prepare: inCgroup, hook: bpf.Hook{Program: "on_sockops"}},
	{kind: "sk_lookup", name: "own network", prepare: sending, hook: bpf.Hook{Program: "on_sk_lookup", Where: "self"}},
	{kind: "flow_dissector", name: "own network", prepare: sendingRaw, hook: bpf.Hook{Program: "on_flow_dissector", Where: "self"}},
	{kind: "sk_msg", name: "map", prepare: collecting, hook: bpf.Hook{Program: "on_sk_msg", Where: "socks"}},
	{kind: "sk_skb", name: "stream verdict", prepare: collecting, hook: bpf.Hook{Program: "on_sk_skb", Where: "socks"}},
	{kind: "sk_skb", name: "verdict", have: since(5, 13), lacks: "this kernel has no verdicts", prepare: collecting, hook: bpf.Hook{Program: "on_sk_skb", Where: "socks:verdict"}},
	{kind: "sk_skb", name: "parser", prepare: parsing, hook: bpf.Hook{Program: "on_sk_skb", Where: "socks:stream_parser"}},
	{kind: "sk_reuseport", name: "port", prepare: sharing, hook: bpf.Hook{Program: "on_sk_reuseport"}},
	{kind: "socket_filter", name: "interface", prepare: sending, hook: bpf.Hook{Program: "on_socket_filter", Where: "lo"}},
	{kind: "socket_filter", name: "port", prepare: sharing, hook: bpf.Hook{Program: "on_socket_filter"}},
}

// sending gives the test a network of its own, and sends through its loopback interface.
func sending(t *testing.T, c *kindCase) func() {
	ownNetwork(t)
	return func() { send(t) }
}

// sendingRaw sends Ethernet frames through the loopback interface, whose headers the kernel has to find for that.
func sendingRaw(t *testing.T, c *kindCase) func() {
	ownNetwork(t)
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	const ethernet = 14
	frame := make([]byte, ethernet+20)
	frame[12], frame[13] = 0x08, 0x00 // IPv4
	frame[ethernet], frame[ethernet+3] = 0x45, 20
	return func() {
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Protocol: 0x0008, Ifindex: lo.Index}); err != nil {
			t.Error(err)
		}
	}
}

// addPair adds a pair of interfaces called ebpfx0 and ebpfx1 to a network of the test's own.
func addPair(t *testing.T, link func(netlink.LinkAttrs) netlink.Link) error {
	t.Helper()
	ownNetwork(t)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "ebpfx0"
	if err := netlink.LinkAdd(link(attrs)); err != nil {
		return err
	}
	for _, name := range []string{"ebpfx0", "ebpfx1"} {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(l); err != nil {
			return err
		}
	}
	return nil
}

// throughVeth sends a frame from one end of a pair of veth interfaces to the other.
func throughVeth(t *testing.T, c *kindCase) func() {
	err := addPair(t, func(a netlink.LinkAttrs) netlink.Link { return &netlink.Veth{LinkAttrs: a, PeerName: "ebpfx1"} })
	if err != nil {
		t.Fatal(err)
	}
	return func() { sendFrame(t, "ebpfx0") }
}

func throughNetkit(t *testing.T, c *kindCase) func() { return throughNetkitFrom(t, c, "ebpfx0") }

// throughNetkitPeer sends at the other end, whose programs are attached at this one, too.
func throughNetkitPeer(t *testing.T, c *kindCase) func() { return throughNetkitFrom(t, c, "ebpfx1") }

func throughNetkitFrom(t *testing.T, c *kindCase, end string) func() {
	err := addPair(t, newNetkit)
	if err != nil {
		// The attach is what must say so.
		c.hook.Where = strings.Replace(c.hook.Where, "ebpfx0", "lo", 1)
	}
	return func() { sendFrame(t, end) }
}

func newNetkit(a netlink.LinkAttrs) netlink.Link {
	nk := &netlink.Netkit{LinkAttrs: a, Mode: netlink.NETKIT_MODE_L2, Policy: netlink.NETKIT_POLICY_FORWARD, PeerPolicy: netlink.NETKIT_POLICY_FORWARD}
	peer := netlink.NewLinkAttrs()
	peer.Name = "ebpfx1"
	nk.SetPeerAttrs(&peer)
	return nk
}

// hasNetkit reports whether the kernel is built with such devices.
func hasNetkit() bool {
	return kernelHas("netkit_link_attach")
}

func sendFrame(t *testing.T, device string) {
	t.Helper()
	dev, err := net.InterfaceByName(device)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	frame := slices.Concat(slices.Repeat([]byte{0xff}, 6), make([]byte, 54))
	if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: dev.Index}); err != nil {
		t.Error(err)
	}
}

// collecting has a second program put the sockets of a cgroup into the map that the hook names.
func collecting(t *testing.T, c *kindCase) func() {
	path, run := cgroup(t)
	c.others = []bpf.Hook{{Program: "collect", Where: path}}
	return func() { useSockets(t, run) }
}

// parsing has a parser cut the stream for a verdict, which nothing calls it without.
func parsing(t *testing.T, c *kindCase) func() {
	act := collecting(t, c)
	c.others = append(c.others, bpf.Hook{Program: "on_sk_skb_verdict", Where: "socks"})
	return act
}

// sharing binds two sockets to one port, which the hook gets, and sends to it.
func sharing(t *testing.T, c *kindCase) func() {
	ownNetwork(t)
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
				t.Error(err)
			}
		})
	}}
	address := "127.0.0.1:0"
	for range 2 {
		l, err := config.ListenPacket(t.Context(), "udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		address = l.LocalAddr().String()
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	c.hook.Where = "udp:" + port
	return func() { sendTo(t, address) }
}

func sendTo(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "x"); err != nil {
		t.Error(err)
	}
}

// congested connects with the algorithm for congestion control that the program is of.
func congested(t *testing.T, c *kindCase) func() {
	ownNetwork(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			if err := unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "ebpfx_test"); err != nil {
				t.Errorf("the kernel does not know the algorithm: %v", err)
			}
		})
	}}
	return func() {
		conn, err := dialer.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	}
}

// cgroupPrograms are the programs of testprog.Kinds for cgroups, by the numbers that they send, and since when kernels run them.
var cgroupPrograms = []struct {
	name         string
	major, minor int
}{
	1:  {"on_cgroup_skb_ingress", 5, 10},
	2:  {"on_cgroup_skb_egress", 5, 10},
	3:  {"on_cgroup_sock_create", 5, 10},
	4:  {"on_cgroup_sock_release", 5, 10},
	5:  {"on_cgroup_sock", 5, 10},
	6:  {"on_cgroup_post_bind4", 5, 10},
	7:  {"on_cgroup_post_bind6", 5, 10},
	8:  {"on_cgroup_bind4", 5, 10},
	9:  {"on_cgroup_bind6", 5, 10},
	10: {"on_cgroup_connect4", 5, 10},
	11: {"on_cgroup_connect6", 5, 10},
	12: {"on_cgroup_connect_unix", 6, 7},
	13: {"on_cgroup_sendmsg4", 5, 10},
	14: {"on_cgroup_sendmsg6", 5, 10},
	15: {"on_cgroup_sendmsg_unix", 6, 7},
	16: {"on_cgroup_recvmsg4", 5, 10},
	17: {"on_cgroup_recvmsg6", 5, 10},
	18: {"on_cgroup_recvmsg_unix", 6, 7},
	19: {"on_cgroup_getpeername4", 5, 10},
	20: {"on_cgroup_getpeername6", 5, 10},
	21: {"on_cgroup_getpeername_unix", 6, 7},
	22: {"on_cgroup_getsockname4", 5, 10},
	23: {"on_cgroup_getsockname6", 5, 10},
	24: {"on_cgroup_getsockname_unix", 6, 7},
	25: {"on_cgroup_sysctl", 5, 10},
	26: {"on_cgroup_getsockopt", 5, 10},
	27: {"on_cgroup_setsockopt", 5, 10},
	28: {"on_cgroup_dev", 5, 10},
}

// testCgroupKinds attaches all programs for cgroups that this kernel has to one, so that a process in it need run but once.
func testCgroupKinds(t *testing.T) {
	path, inside := cgroup(t)
	var hooks []bpf.Hook
	for number, p := range cgroupPrograms {
		if number == 0 {
			continue
		}
		hook := bpf.Hook{Program: p.name, Where: path}
		if since(p.major, p.minor)() {
			hooks = append(hooks, hook)
			continue
		}
		t.Run(p.name[len("on_cgroup_"):], func(t *testing.T) {
			c := kindCase{}
			_, _, err := c.attach(t, open(t, testprog.Kinds), bpf.LoadOptions{Hooks: []bpf.Hook{hook}})
			if want := "this kernel has no such hook of cgroups"; err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want %s", err, want)
			}
			t.Skipf("beyond this kernel: %v", err)
		})
	}
	inst := load(t, open(t, testprog.Kinds), bpf.LoadOptions{Hooks: hooks})
	attached, _, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	if len(attached) != len(hooks) {
		t.Errorf("attached %v", attached)
	}
	hit := make(map[uint64]bool)
	for _, r := range run(t, inst, func() { useSockets(t, inside) }) {
		hit[r.field(t, "program")] = true
	}
	for number, p := range cgroupPrograms {
		if number > 0 && since(p.major, p.minor)() {
			t.Run(p.name[len("on_cgroup_"):], func(t *testing.T) {
				if !hit[uint64(number)] {
					t.Errorf("%s was not hit", p.name)
				}
			})
		}
	}
	if err := inst.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a program is still there", func() bool { return programsNamed(t, "on_cgroup_dev") == 0 })
}

// kernelHas reports whether the kernel has a function.
func kernelHas(function string) bool {
	symbols, err := os.ReadFile("/proc/kallsyms")
	return err == nil && strings.Contains(string(symbols), " "+function+"\n")
}

// classifiersOfLoopback returns how many classifiers the loopback interface of this network has.
func classifiersOfLoopback(t *testing.T) (n int) {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, parent := range []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS} {
		filters, err := netlink.FilterList(lo, parent)
		if err == nil { // else there is no clsact
			n += len(filters)
		}
	}
	return n
}
