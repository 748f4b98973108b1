package bpf_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestTargetErrors: a target of the wrong form is answered with the right one, an option with what it may be.
func TestTargetErrors(t *testing.T) {
	for _, tc := range []struct {
		hook bpf.Hook
		want string // patterns stand for what differs between machines
	}{
		{bpf.Hook{Program: "on_kprobe", Where: "a b"}, `attach_to("on_kprobe", "a b") is no function, which is written "function", "function+0x10" or "pattern*"`},
		{bpf.Hook{Program: "on_kprobe", Where: "tcp_*+8"}, `attach_to("on_kprobe", "tcp_*+8") has an offset, which is for one function alone`},
		{bpf.Hook{Program: "on_kprobe", Where: "do_exit+x"}, `attach_to("on_kprobe", "do_exit+x"): the offset +x is no number`},
		{bpf.Hook{Program: "on_kretprobe", Where: "do_exit+8"}, `attach_to("on_kretprobe", "do_exit+8") has an offset, which kretprobe does not take`},
		{bpf.Hook{Program: "on_kprobe_multi", Where: "tcp-*"}, `attach_to("on_kprobe_multi", "tcp-*") is no pattern of functions, which is written "tcp_*"`},
		{bpf.Hook{Program: "on_kprobe_multi", Where: "tcp_*", PID: 1}, `attach_to("on_kprobe_multi", "tcp_*"): pid is an option of uprobe, uretprobe, uprobe.multi, uretprobe.multi, uprobe.session, usdt, iter and perf_event, not of kprobe.multi`},
		{bpf.Hook{Program: "on_ksyscall", Where: "open at"}, `attach_to("on_ksyscall", "open at") is no system call, which is written "openat"`},
		{bpf.Hook{Program: "on_raw_tracepoint", Where: "sys:"}, `attach_to("on_raw_tracepoint", "sys:") is no raw tracepoint, which is written "event"`},
		{bpf.Hook{Program: "on_perf_event", Where: "profile:hz:99", CPU: "one"}, `attach_to("on_perf_event", "profile:hz:99"): cpu: "one" is no list of CPUs, which is written "0-3,5"`},
		{bpf.Hook{Program: "on_perf_event", Where: "profile:min:9"}, `attach_to("on_perf_event", "profile:min:9"): profile counts in hz, s, ms or us, not in min`},
		{bpf.Hook{Program: "on_perf_event", Where: "cache:misses:9"}, `attach_to("on_perf_event", "cache:misses:9"): perf events are of profile, software or hardware, not of cache`},
		{bpf.Hook{Program: "on_xdp", Where: "lo", Mode: "fast"}, `attach_to("on_xdp", "lo"): the mode is generic, native or offload, not fast`},
		{bpf.Hook{Program: "on_xdp", Where: "lo", Mode: "offload"}, `attach_to("on_xdp", "lo") is an interface whose driver offloads no programs; the mode generic works everywhere`},
		{bpf.Hook{Program: "on_xdp", Where: "lo", Mode: "native"}, `attach_to("on_xdp", "lo") is an interface whose driver has no native mode of XDP; the mode generic works everywhere`},
		{bpf.Hook{Program: "on_tc", Where: "lo", Mode: "fast"}, `attach_to("on_tc", "lo"): the mode is clsact or tcx, not fast`},
		{bpf.Hook{Program: "on_tc", Where: "lo", Priority: 3}, `attach_to("on_tc", "lo"): priority is an option of {mode = "clsact"}; tcx runs programs in the order in which they came`},
		{bpf.Hook{Program: "on_tc", Where: "lo", Mode: "clsact", Priority: 70000}, `attach_to("on_tc", "lo"): the priority 70000 is not between 1 and 65535`},
		{bpf.Hook{Program: "on_netkit", Where: "lo:third"}, `attach_to("on_netkit", "lo:third"): the end of the pair is peer or primary, not third`},
		{bpf.Hook{Program: "on_netfilter", Where: "local_in"}, `attach_to("on_netfilter", "local_in") is no hook of netfilter, which is written "ipv4:local_in"`},
		{bpf.Hook{Program: "on_netfilter", Where: "ipv5:local_in"}, `attach_to("on_netfilter", "ipv5:local_in"): the family is ipv4 or ipv6, not ipv5`},
		{bpf.Hook{Program: "on_netfilter", Where: "ipv4:input"}, `attach_to("on_netfilter", "ipv4:input"): the hook is forward, local_in, local_out, post_routing or pre_routing, not input`},
		{bpf.Hook{Program: "on_netfilter", Where: "ipv4:local_in", Priority: -1 << 31}, `attach_to("on_netfilter", "ipv4:local_in"): the priority -2147483648 is not between -2147483647 and 2147483646`},
		{bpf.Hook{Program: "on_sk_lookup", Where: "/tmp"}, `attach_to("on_sk_lookup", "/tmp"): /tmp is no network namespace`},
		{bpf.Hook{Program: "on_flow_dissector", Where: "selv"}, `attach_to("on_flow_dissector", "selv") names no network namespace: write "self", a name of ip netns, or "/proc/PID/ns/net" (did you mean self?)`},
		{bpf.Hook{Program: "on_sk_msg", Where: "sock"}, `attach_to("on_sk_msg", "sock") names no map of the object (did you mean socks?)`},
		{bpf.Hook{Program: "on_sk_msg", Where: "elements"}, `attach_to("on_sk_msg", "elements"): map elements holds no sockets: its type is Array, not SockMap or SockHash`},
		{bpf.Hook{Program: "on_sk_skb", Where: "socks:judge"}, `attach_to("on_sk_skb", "socks:judge"): the role is stream_parser, stream_verdict or verdict, not judge`},
		{bpf.Hook{Program: "on_sk_reuseport", Where: "80"}, `attach_to("on_sk_reuseport", "80") is no port of sockets, which is written "tcp:8080" or "udp:53"`},
		{bpf.Hook{Program: "on_sk_reuseport", Where: "tcp:http"}, `attach_to("on_sk_reuseport", "tcp:http"): tcp:http is no port, which is written "tcp:8080" or "udp:53"`},
		{bpf.Hook{Program: "on_sk_reuseport", Where: "udp:1"}, `attach_to("on_sk_reuseport", "udp:1") names a port that no socket here is bound to`},
		{bpf.Hook{Program: "on_socket_filter", Where: "l0"}, `attach_to("on_socket_filter", "l0") names no network interface (did you mean lo?)`},
		{bpf.Hook{Program: "on_freplace", Where: ":decide"}, `attach_to("on_freplace", ":decide") names no function of a program, which is written "program:function", the program being its name, its id, or the path where it is pinned`},
		{bpf.Hook{Program: "on_freplace", Where: "ebpfx_no_such:decide"}, `attach_to("on_freplace", "ebpfx_no_such:decide"): there is no program named ebpfx_no_such.*`},
		{bpf.Hook{Program: "on_freplace", Where: "0:decide"}, `attach_to("on_freplace", "0:decide"): there is no program with the id 0`},
		{bpf.Hook{Program: "on_lsm_cgroup", Where: "socket_create"}, `attach_to("on_lsm_cgroup", "socket_create") names no cgroup`},
		{bpf.Hook{Program: "on_iter", Where: "task", Map: "elements"}, `attach_to("on_iter", "task"): map is an option of the iterators bpf_map_elem, bpf_sk_storage_map, sockmap, not of task`},
		{bpf.Hook{Program: "on_iter", Where: "task", Order: "up"}, `attach_to("on_iter", "task"): cgroup and order are options of the iterator cgroup, not of task`},
		{bpf.Hook{Program: "on_iter_map", Where: "bpf_map_elem"}, `attach_to("on_iter_map", "bpf_map_elem") is an iterator over a map; name it with {map = "NAME"}`},
		{bpf.Hook{Program: "on_iter_map", Where: "bpf_map_elem", Map: "element"}, `attach_to("on_iter_map", "bpf_map_elem"): the object has no map named element`},
		{bpf.Hook{Program: "on_struct_ops", Where: "congestions"}, `attach_to("on_struct_ops", "congestions") names no table that has the program as its init (did you mean congestion?)`},
		{bpf.Hook{Program: "on_syscall", Where: "twice"}, `attach_to("on_syscall", "twice") is no time to run at, which is written "once"`},
	} {
		t.Run(tc.hook.Program+" "+tc.hook.Where, func(t *testing.T) {
			c := &kindCase{}
			_, _, err := c.attach(t, open(t, testprog.Kinds), bpf.LoadOptions{Hooks: []bpf.Hook{tc.hook}})
			if err == nil {
				t.Fatal("no error")
			}
			pattern := strings.ReplaceAll(regexp.QuoteMeta(tc.want), `\.\*`, ".*")
			if !regexp.MustCompile("^" + pattern + "$").MatchString(err.Error()) {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
		})
	}
}
