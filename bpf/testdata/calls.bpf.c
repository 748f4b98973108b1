// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Sends from subprograms, callbacks and behind tail calls, through maps that are passed on. */
#include "kernel.h"

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct ring first SEC(".maps");
struct ring second SEC(".maps");
struct ring third SEC(".maps");

struct call_event {
	__u64 n[4];
};

int tail(struct sys_enter *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} tails SEC(".maps") = {
	.values = { [1] = (void *)&tail },
};

__u64 sent[3];

static __noinline int send(void *map, __u32 n)
{
	struct call_event *e = bpf_ringbuf_reserve(map, sizeof(*e), 0);

	if (!e)
		return 1;
	e->n[0] = n;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static long in_callback(__u32 i, void *unused)
{
	struct call_event e = { { i } };

	__sync_fetch_and_add(&sent[1], 1);
	bpf_ringbuf_output(&second, &e, sizeof(e), 0);
	return 0;
}

/* A global function is verified by itself. */
__noinline int global(__u32 n)
{
	__sync_fetch_and_add(&sent[0], 1);
	return send(&first, n);
}

SEC("tp/syscalls/sys_enter_getpriority")
int start(struct sys_enter *ctx)
{
	__u32 n = ctx->args[1];

	if ((__u32)ctx->args[0] != 0x65627034)
		return 0;
	for (__u32 i = 0; i < 300 && i < n; i++)
		global(i);
	bpf_tail_call(ctx, &tails, 1);
	return 0;
}

/* By itself, since kernels before 5.17 refuse it. */
SEC("tp/syscalls/sys_enter_getpriority")
int start_loop(struct sys_enter *ctx)
{
	if ((__u32)ctx->args[0] == 0x65627034)
		bpf_loop(ctx->args[1], in_callback, 0, 0);
	return 0;
}

/* Reached through the tail call alone. */
SEC("tp")
int tail(struct sys_enter *ctx)
{
	for (__u32 i = 0; i < 300; i++) {
		__sync_fetch_and_add(&sent[2], 1);
		send(&third, i);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
