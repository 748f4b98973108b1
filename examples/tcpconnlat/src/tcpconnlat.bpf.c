// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct event {
	__u32 pid;
	char comm[16];
	__u64 latency_ns;
	__u16 dport;
	__u16 family;
	__u8 daddr[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

struct start {
	__u64 time;
	__u32 pid;
	char comm[16];
};

/* Connections that were begun, by socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, const void *);
	__type(value, struct start);
} starts SEC(".maps");

SEC("tracepoint/sock/inet_sock_set_state")
int on_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	const void *socket = ctx->skaddr;
	struct start *start;
	struct event *event;

	if (ctx->protocol != IPPROTO_TCP || ctx->family != 2 /* AF_INET */)
		return 0;
	if (ctx->newstate == TCP_SYN_SENT) {
		struct start begun = { .time = bpf_ktime_get_ns(), .pid = bpf_get_current_pid_tgid() >> 32 };

		bpf_get_current_comm(begun.comm, sizeof(begun.comm));
		bpf_map_update_elem(&starts, &socket, &begun, BPF_ANY);
		return 0;
	}
	start = bpf_map_lookup_elem(&starts, &socket);
	if (!start)
		return 0;
	if (ctx->newstate == TCP_ESTABLISHED && (event = bpf_ringbuf_reserve(&events, sizeof(*event), 0))) {
		event->pid = start->pid;
		__builtin_memcpy(event->comm, start->comm, sizeof(event->comm));
		event->latency_ns = bpf_ktime_get_ns() - start->time;
		event->dport = ctx->dport;
		event->family = ctx->family;
		__builtin_memcpy(event->daddr, ctx->daddr, sizeof(event->daddr));
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&starts, &socket);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
