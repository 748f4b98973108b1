// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Maps that came after kernel 5.10. */
#include "kernel.h"

#define TASK_STORAGE 29
#define BLOOM_FILTER 30

const volatile __u32 targ_pid;

struct {
	__uint(type, BLOOM_FILTER);
	__uint(max_entries, 64);
	__type(value, __u32);
} known SEC(".maps");

struct {
	__uint(type, TASK_STORAGE);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, int);
	__type(value, __u64);
} of_task SEC(".maps");

SEC("tp/syscalls/sys_enter_setpriority")
int on_later_test(struct sys_enter *ctx)
{
	__u32 which = ctx->args[1];

	if (bpf_get_current_pid_tgid() >> 32 == targ_pid)
		bpf_map_push_elem(&known, &which, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
