// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A program for each way to attach to functions of processes. Each tells where it runs and with what. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>

enum bpf_func_id {
	BPF_FUNC_get_attach_cookie = 174,
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} visits SEC(".maps");

enum program {
	UPROBE = 1,
	URETPROBE,
	UPROBE_MULTI,
	URETPROBE_MULTI,
	UPROBE_SESSION,
};

struct visit {
	enum program program;
	__u32 pid;
	__u64 ip;
	__u64 cookie;
	__s64 arg;
	__s64 result;
};

/* What x86-64 passes the first argument and the result in. */
struct pt_regs {
	unsigned long ax;
	unsigned long di;
	unsigned long ip;
} __attribute__((preserve_access_index));

/* 0: everybody. */
const volatile __u32 only_pid;

static __always_inline int visit(struct pt_regs *ctx, enum program program)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct visit *v;

	if (only_pid && pid != only_pid)
		return 0;
	v = bpf_ringbuf_reserve(&visits, sizeof(*v), 0);
	if (!v)
		return 0;
	v->program = program;
	v->pid = pid;
	v->ip = ctx->ip;
	v->arg = (int)ctx->di;
	v->result = (int)ctx->ax;
	/* Kernels before 5.15 have no cookies. */
	v->cookie = bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie) ? bpf_get_attach_cookie(ctx) : 0;
	bpf_ringbuf_submit(v, 0);
	return 0;
}

SEC("uprobe")
int on_uprobe(struct pt_regs *ctx)
{
	return visit(ctx, UPROBE);
}

SEC("uretprobe")
int on_uretprobe(struct pt_regs *ctx)
{
	return visit(ctx, URETPROBE);
}

SEC("uprobe.multi")
int on_uprobe_multi(struct pt_regs *ctx)
{
	return visit(ctx, UPROBE_MULTI);
}

SEC("uretprobe.multi")
int on_uretprobe_multi(struct pt_regs *ctx)
{
	return visit(ctx, URETPROBE_MULTI);
}

SEC("uprobe.session")
int on_uprobe_session(struct pt_regs *ctx)
{
	return visit(ctx, UPROBE_SESSION);
}

char LICENSE[] SEC("license") = "GPL";
