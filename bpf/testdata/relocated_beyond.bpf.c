// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What CO-RE asks for beside the layout of types: the number that one has, and what is behind a pointer. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

struct work_struct {
	long data;
};
typedef void (*work_func_t)(struct work_struct *);

__u32 number;
__u32 exists;

SEC("tp/syscalls/sys_enter_getpgid")
int ask_beyond(void *ctx)
{
	number = bpf_core_type_id_kernel(struct task_struct);
	exists = bpf_core_type_exists(work_func_t);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
