// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A program for usdt probes, which sends all that it can learn of the arguments. */
#define __VMLINUX_H__ /* for bpf_tracing.h, which asks for the names that the kernel has for registers */
#include "kernel.h"

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
enum bpf_func_id {
	BPF_FUNC_get_attach_cookie = 174,
};

/* bpf2go takes no weak maps. */
#undef __weak
#define __weak
#include <bpf/usdt.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} firings SEC(".maps");

struct firing {
	__u32 pid;
	__s32 count;
	__s64 cookie;
	__s64 value[BPF_USDT_MAX_ARG_CNT];
	__s32 error[BPF_USDT_MAX_ARG_CNT];
};

/* 0: everybody. */
const volatile __u32 only_pid;

static __always_inline int send(struct pt_regs *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct firing *f;
	long value;
	int i;

	if (only_pid && pid != only_pid)
		return 0;
	f = bpf_ringbuf_reserve(&firings, sizeof(*f), 0);
	if (!f)
		return 0;
	f->pid = pid;
	f->count = bpf_usdt_arg_cnt(ctx);
	f->cookie = bpf_usdt_cookie(ctx);
#pragma unroll
	for (i = 0; i < BPF_USDT_MAX_ARG_CNT; i++) {
		f->error[i] = bpf_usdt_arg(ctx, i, &value);
		f->value[i] = value;
	}
	bpf_ringbuf_submit(f, 0);
	return 0;
}

SEC("usdt")
int on_probe(struct pt_regs *ctx)
{
	return send(ctx);
}

SEC("usdt")
int on_other(struct pt_regs *ctx)
{
	return send(ctx);
}

SEC("?usdt//usr/bin/python3:python:function__entry")
int on_python(struct pt_regs *ctx)
{
	return send(ctx);
}

char LICENSE[] SEC("license") = "GPL";
