// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What CO-RE asks for beside the layout of types: the number that one has, and what is behind a pointer. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

typedef void (*btf_trace_sched_switch)(void *, bool, struct task_struct *, struct task_struct *, unsigned int);

__u32 number;
__u32 exists;
__u32 pid;

SEC("tp/syscalls/sys_enter_getpgid")
int ask_beyond(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	number = bpf_core_type_id_kernel(struct task_struct);
	exists = bpf_core_type_exists(btf_trace_sched_switch);
	pid = BPF_CORE_READ(task, pid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
