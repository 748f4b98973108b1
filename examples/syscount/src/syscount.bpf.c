// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct event {
	__u32 pid;
	__u32 syscall;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

/* Reading events takes system calls as well: without this the tool would mostly watch itself. */
static bool is_reader(const char comm[16])
{
	return comm[0] == 'e' && comm[1] == 'b' && comm[2] == 'p' && comm[3] == 'f' && comm[4] == 'x' && !comm[5];
}

SEC("tracepoint/raw_syscalls/sys_enter")
int on_syscall(struct trace_event_raw_sys_enter *ctx)
{
	struct event *event;
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	if (is_reader(comm))
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->syscall = ctx->id;
	__builtin_memcpy(event->comm, comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
