// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct event {
	__u32 pid;
	char comm[16];
	__u64 user[48]; /* return addresses, the innermost first; 0 behind the last */
	__u64 kernel[48];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct event *event;

	if (!(bpf_get_current_pid_tgid() >> 32))
		return 0; /* the CPU was idle */
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	__builtin_memset(event->user, 0, sizeof(event->user));
	__builtin_memset(event->kernel, 0, sizeof(event->kernel));
	bpf_get_stack(ctx, event->user, sizeof(event->user), BPF_F_USER_STACK);
	bpf_get_stack(ctx, event->kernel, sizeof(event->kernel), 0);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
