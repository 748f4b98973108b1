// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define ARGS_LEN 256

struct event {
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	char comm[16];
	char args[ARGS_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* The tracepoint is passed when the new program is in place, so that its arguments can be read from its memory. */
SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long size = BPF_CORE_READ(task, mm, arg_end) - start;
	struct event *event;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));

	/* Arguments are strings one behind the other, each with its NUL. */
	if (size > ARGS_LEN - 1)
		size = ARGS_LEN - 1;
	bpf_probe_read_user(event->args, size, (const void *)start);
	for (unsigned long i = 0; i < ARGS_LEN; i++) {
		if (i + 1 >= size)
			event->args[i] = 0;
		else if (!event->args[i])
			event->args[i] = ' ';
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
