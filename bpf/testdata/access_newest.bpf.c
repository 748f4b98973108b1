// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Maps of kernels from 6.1 on. */
#include "kernel.h"

#define INODE_STORAGE 28
#define USER_RINGBUF 31
#define CGRP_STORAGE 32

const volatile __u32 targ_pid;
__u64 drained, sum;

struct command {
	__u32 id;
	char text[12];
};

struct {
	__uint(type, USER_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct command);
} commands SEC(".maps");

struct {
	__uint(type, USER_RINGBUF);
	__uint(max_entries, 4096);
} plain SEC(".maps");

struct {
	__uint(type, INODE_STORAGE);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, int);
	__type(value, __u64);
} of_file SEC(".maps");

struct {
	__uint(type, CGRP_STORAGE);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, int);
	__type(value, __u64);
} of_cgroup SEC(".maps");

static long on_command(struct bpf_dynptr *record, void *ctx)
{
	struct command *c = bpf_dynptr_data(record, 0, sizeof(*c));

	if (c) {
		drained++;
		sum += c->id;
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_setpriority")
int on_newest_test(struct sys_enter *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == targ_pid)
		bpf_user_ringbuf_drain(&commands, on_command, 0, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
