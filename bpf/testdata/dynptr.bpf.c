// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Records of a length that is known when they are sent: a header, and what follows it. */
#include "kernel.h"

struct dynptr_event {
	__u32 pid, length;
};

struct payload {
	char text[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} sized SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} other SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} filled SEC(".maps");

struct bpf_dynptr { __u64 : 64, : 64; } __attribute__((aligned(8)));

struct filled_event {
	struct dynptr_event head;
	__u64 more;
};

static __always_inline void *room(struct bpf_dynptr *record, __u32 head, __u32 all)
{
	struct dynptr_event *e;

	if (bpf_ringbuf_reserve_dynptr(&filled, all, 0, (void *)record))
		return 0;
	e = bpf_dynptr_data((void *)record, 0, head);
	if (e)
		e->length = all;
	return e;
}

SEC("tp/syscalls/sys_enter_getppid")
int fill(void *ctx)
{
	struct bpf_dynptr record;
	struct filled_event *e = room(&record, sizeof(*e), sizeof(*e) + (bpf_get_prandom_u32() & 7));

	if (e)
		e->head.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit_dynptr((void *)&record, 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_getppid")
int send(void *ctx)
{
	struct dynptr_event e = {};
	struct payload p = { "payload" };
	struct bpf_dynptr record;
	__u32 length = bpf_get_prandom_u32() & 7;

	e.pid = bpf_get_current_pid_tgid() >> 32;
	e.length = length;
	if (!bpf_ringbuf_reserve_dynptr(&sized, sizeof(e) + length, 0, (void *)&record)) {
		bpf_dynptr_write((void *)&record, 0, &e, sizeof(e), 0);
		bpf_dynptr_write((void *)&record, sizeof(e), &p, length, 0);
		bpf_dynptr_write((void *)&record, length, &p, 0, 0); /* anywhere */
	}
	bpf_ringbuf_submit_dynptr((void *)&record, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
