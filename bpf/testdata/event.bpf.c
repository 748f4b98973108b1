// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Compiled without the header that leaves event types, but with a struct event. */
#include "kernel.h"

struct event {
	__u64 a[5];
};

struct other {
	__u64 b[5];
};

struct event keep;
struct other keep_other;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tp/syscalls/sys_enter_getpid")
int send(struct sys_enter *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (e)
		bpf_ringbuf_discard(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
