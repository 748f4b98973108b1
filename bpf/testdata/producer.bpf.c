// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A source of events as fast as the kernel can make them, for tests under overload and benchmarks.
 * getpriority(PRODUCE_..., first << 32 | n), which is no such call and fails, makes n events, which are
 * numbered from first on.
 */
#include "kernel.h"

#define PRODUCE_RESERVE 0x65627031
#define PRODUCE_OUTPUT 0x65627032
#define PRODUCE_PERF 0x65627033

/* Of one call: bpf_loop, which knows no such limit, is not in kernels before 5.17. */
#define MOST 1024

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

static __always_inline void fill(struct event *e, __u32 sequence)
{
	e->sequence = sequence;
	e->time = 0;
	e->pid = 42;
	e->size = sizeof(*e);
	__builtin_memcpy(e->comm, "producer", 9);
}

SEC("tp/syscalls/sys_enter_getpriority")
int produce(struct sys_enter *ctx)
{
	__u32 n = ctx->args[1], first = ctx->args[1] >> 32;

	if ((__u32)ctx->args[0] != PRODUCE_RESERVE)
		return 0;
	for (__u32 i = 0; i < MOST && i < n; i++) {
		struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

		__sync_fetch_and_add(&produced[0], 1);
		if (!e) {
			__sync_fetch_and_add(&refused[0], 1);
			continue;
		}
		fill(e, first + i);
		bpf_ringbuf_submit(e, 0);
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_getpriority")
int produce_output(struct sys_enter *ctx)
{
	__u32 n = ctx->args[1], first = ctx->args[1] >> 32;
	struct event e = {};

	if ((__u32)ctx->args[0] != PRODUCE_OUTPUT)
		return 0;
	for (__u32 i = 0; i < MOST && i < n; i++) {
		fill(&e, first + i);
		__sync_fetch_and_add(&produced[1], 1);
		if (bpf_ringbuf_output(&copies, &e, sizeof(e), 0))
			__sync_fetch_and_add(&refused[1], 1);
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_getpriority")
int produce_samples(struct sys_enter *ctx)
{
	__u32 n = ctx->args[1], first = ctx->args[1] >> 32;
	struct event e = {};

	if ((__u32)ctx->args[0] != PRODUCE_PERF)
		return 0;
	for (__u32 i = 0; i < MOST && i < n; i++) {
		fill(&e, first + i);
		__sync_fetch_and_add(&produced[2], 1);
		if (bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &e, sizeof(e)))
			__sync_fetch_and_add(&refused[2], 1);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
