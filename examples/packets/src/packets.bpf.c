// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* Packets and bytes by protocol of IPv4: user space reads them, no event is sent. */
struct counter {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct counter *counter, first = { .packets = 1, .bytes = end - data };
	__u32 protocol;

	if ((void *)(ip + 1) > end || eth->h_proto != __builtin_bswap16(0x0800))
		return XDP_PASS;
	protocol = ip->protocol;
	counter = bpf_map_lookup_elem(&counters, &protocol);
	if (counter) {
		counter->packets++;
		counter->bytes += end - data;
	} else {
		bpf_map_update_elem(&counters, &protocol, &first, BPF_ANY);
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
