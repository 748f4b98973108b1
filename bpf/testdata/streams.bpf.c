// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Ways in which programs send events. None of the structs is known to BTF but through the call that sends it. */
#include "kernel.h"

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000); /* rounded up by loaders */
};

struct ring plain SEC(".maps");
struct ring several SEC(".maps");
struct ring inlined SEC(".maps");
struct ring copied SEC(".maps");
struct ring scalar SEC(".maps");
struct ring untyped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
} perf SEC(".maps");

enum verdict { ALLOW = 1, DENY = -1 };

struct plain_event {
	__u32 pid;
	enum verdict verdict;
	char comm[16];
};

struct short_event {
	__u64 a;
};

typedef struct {
	__u64 a, b, c;
} long_event_t;

struct inlined_event {
	__u16 n[5];
};

struct perf_event {
	__u32 a, b;
};

struct perf_other {
	__u8 bytes[40];
};

SEC("tp/syscalls/sys_enter_getpid")
int send_plain(struct sys_enter *ctx)
{
	struct plain_event *e = bpf_ringbuf_reserve(&plain, sizeof(*e), 0);

	if (!e)
		return 0;
	e->pid = 1;
	e->verdict = DENY;
	e->comm[0] = 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_getpid")
int send_several(struct sys_enter *ctx)
{
	struct short_event *s;
	long_event_t *l;

	s = bpf_ringbuf_reserve(&several, sizeof(*s), 0);
	if (s) {
		s->a = 1;
		bpf_ringbuf_submit(s, 0);
	}
	l = bpf_ringbuf_reserve(&several, sizeof(*l), 0);
	if (l) {
		l->a = l->b = l->c = 2;
		bpf_ringbuf_submit(l, 0);
	}
	return 0;
}

/* The map is known to the caller alone. */
static __always_inline void finish(struct inlined_event *e)
{
	bpf_ringbuf_submit(e, 0);
}

SEC("tp/syscalls/sys_enter_getpid")
int send_inlined(struct sys_enter *ctx)
{
	struct inlined_event *e = bpf_ringbuf_reserve(&inlined, sizeof(*e), 0);

	if (e) {
		e->n[0] = 1;
		finish(e);
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_getpid")
int send_copied(struct sys_enter *ctx)
{
	struct plain_event e = { .pid = 2, .verdict = ALLOW };
	__u64 n = 7;

	bpf_ringbuf_output(&copied, &e, sizeof(e), 0);
	bpf_ringbuf_output((void *)&scalar, &n, sizeof(n), 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_getpid")
int send_untyped(struct sys_enter *ctx)
{
	void *e = bpf_ringbuf_reserve(&untyped, 4, 0);

	if (e) {
		*(__u32 *)e = 0;
		bpf_ringbuf_submit(e, 0);
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_getpid")
int send_perf(struct sys_enter *ctx)
{
	struct perf_event e = { 1, 2 };
	struct perf_other o = {};

	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &e, sizeof(e));
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &o, sizeof(o));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
