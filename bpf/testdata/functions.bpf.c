// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A program for each way to attach to a function of the kernel. All are for the same one, which
 * setpriority(PRIO_PROCESS, ...) asks for its permission:
 *
 *	int security_task_setnice(struct task_struct *p, int nice)
 *
 * Each tells what it sees of arguments and result; those that can refuse do so for one value.
 */
#include "kernel.h"

#define FUNCTION "security_task_setnice"
#define REFUSED 13
#define ENOTUNIQ 76 /* an error that setpriority has of nobody else */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} calls SEC(".maps");

struct call {
	__u32 tid;
	__s32 nice;
	__s32 result;
};

/* The thread that is watched. */
const volatile __u32 only_tid;

/* What x86-64 passes the second argument and the result in. */
struct pt_regs {
	unsigned long si;
	unsigned long ax;
} __attribute__((preserve_access_index));

static __always_inline int call(__s32 nice, __s32 result)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *c;

	if (tid != only_tid)
		return 0;
	c = bpf_ringbuf_reserve(&calls, sizeof(*c), 0);
	if (!c)
		return 0;
	c->tid = tid;
	c->nice = nice;
	c->result = result;
	bpf_ringbuf_submit(c, 0);
	return nice == REFUSED ? -ENOTUNIQ : 0;
}

SEC("?kprobe/" FUNCTION)
int on_kprobe(struct pt_regs *ctx)
{
	call(ctx->si, 0);
	return 0;
}

SEC("?kretprobe/" FUNCTION)
int on_kretprobe(struct pt_regs *ctx)
{
	call(0, ctx->ax);
	return 0;
}

SEC("?fentry/" FUNCTION)
int on_fentry(__u64 *ctx)
{
	call(ctx[1], 0);
	return 0;
}

SEC("?fexit/" FUNCTION)
int on_fexit(__u64 *ctx)
{
	call(ctx[1], ctx[2]);
	return 0;
}

SEC("?fmod_ret/" FUNCTION)
int on_fmod_ret(__u64 *ctx)
{
	return call(ctx[1], ctx[2]);
}

SEC("?lsm/task_setnice")
int on_lsm(__u64 *ctx)
{
	return call(ctx[1], ctx[2]);
}

char LICENSE[] SEC("license") = "GPL";
