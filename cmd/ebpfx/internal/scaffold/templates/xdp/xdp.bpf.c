// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800 /* linux/if_ether.h; macros are not in vmlinux.h */

struct event {
	__u8 source[4];
	__u8 destination[4];
	__u16 length;  /* of the IP packet, in bytes */
	__u8 protocol; /* 1 ICMP, 6 TCP, 17 UDP */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct event *event;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return XDP_PASS;
	__builtin_memcpy(event->source, &ip->saddr, sizeof(event->source));
	__builtin_memcpy(event->destination, &ip->daddr, sizeof(event->destination));
	event->length = bpf_ntohs(ip->tot_len);
	event->protocol = ip->protocol;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
