// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct event {
	__u64 latency_ns;
	__s64 ret;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* When threads called read. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_read")
int on_enter(void *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &thread, &now, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_read")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 *begun = bpf_map_lookup_elem(&starts, &thread);
	struct event *event;

	if (!begun)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->latency_ns = bpf_ktime_get_ns() - *begun;
		event->ret = ctx->ret;
		bpf_get_current_comm(event->comm, sizeof(event->comm));
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&starts, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
