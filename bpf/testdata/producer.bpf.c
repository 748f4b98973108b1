// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A source of events as fast as the kernel can make them, for tests under overload and benchmarks.
 * getpriority(PRODUCE_..., n), which is no such call and fails, makes n events.
 */
#include "kernel.h"

#define PRODUCE_RESERVE 0x65627031
#define PRODUCE_OUTPUT 0x65627032
#define PRODUCE_PERF 0x65627033

struct event {
	__u64 sequence;
	__u64 time;
	__u32 pid;
	__u32 size;
	char comm[16];
	__u64 value[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} copies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
} samples SEC(".maps");

/* What the producer itself counts, to compare with what user space sees. */
__u64 produced[3];
__u64 refused[3];

struct work {
	void *ctx;
};

static __always_inline void fill(struct event *e, __u32 i)
{
	e->sequence = i;
	e->time = 0;
	e->pid = 42;
	e->size = sizeof(*e);
	__builtin_memcpy(e->comm, "producer", 9);
}

static long reserve(__u32 i, void *data)
{
	struct event *e;

	__sync_fetch_and_add(&produced[0], 1);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&refused[0], 1);
		return 0;
	}
	fill(e, i);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static long output(__u32 i, void *data)
{
	struct event e = {};

	__sync_fetch_and_add(&produced[1], 1);
	fill(&e, i);
	if (bpf_ringbuf_output(&copies, &e, sizeof(e), 0))
		__sync_fetch_and_add(&refused[1], 1);
	return 0;
}

static long perf(__u32 i, struct work *w)
{
	struct event e = {};

	__sync_fetch_and_add(&produced[2], 1);
	fill(&e, i);
	if (bpf_perf_event_output(w->ctx, &samples, BPF_F_CURRENT_CPU, &e, sizeof(e)))
		__sync_fetch_and_add(&refused[2], 1);
	return 0;
}

SEC("tp/syscalls/sys_enter_getpriority")
int produce(struct sys_enter *ctx)
{
	struct work w = { .ctx = ctx };
	__u32 n = ctx->args[1];

	switch ((__u32)ctx->args[0]) {
	case PRODUCE_RESERVE:
		bpf_loop(n, reserve, &w, 0);
		break;
	case PRODUCE_OUTPUT:
		bpf_loop(n, output, &w, 0);
		break;
	}
	return 0;
}

/* A loop cannot pass the context on, so this one is of the plain sort. */
SEC("tp/syscalls/sys_enter_getpriority")
int produce_samples(struct sys_enter *ctx)
{
	struct work w = { .ctx = ctx };
	__u32 n = ctx->args[1];

	if ((__u32)ctx->args[0] != PRODUCE_PERF)
		return 0;
	for (__u32 i = 0; i < 4096 && i < n; i++)
		perf(i, &w);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
