// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Reads a field that no kernel has. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>

struct task_struct {
	int ebpfx_no_such_field;
} __attribute__((preserve_access_index));

SEC("tp/syscalls/sys_enter_getppid")
int reads(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, ebpfx_no_such_field);
}

char LICENSE[] SEC("license") = "GPL";
