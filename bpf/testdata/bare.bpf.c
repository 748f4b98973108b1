// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Compiled without the header that leaves event types: what sizes tell. */
#include "kernel.h"

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct ring one SEC(".maps");
struct ring two SEC(".maps");
struct ring none SEC(".maps");

struct bare_sample {
	__u64 a[5];
};

struct bare_left {
	__u64 a[7];
};

struct bare_right {
	__u32 a[14];
};

/* In BTF, as types of global variables are. */
struct bare_sample keep_sample;
struct bare_left keep_left;
struct bare_right keep_right;

SEC("tp/syscalls/sys_enter_getpid")
int send(struct sys_enter *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&one, sizeof(struct bare_sample), 0);

	if (e)
		bpf_ringbuf_discard(e, 0);
	e = bpf_ringbuf_reserve(&two, sizeof(struct bare_left), 0);
	if (e)
		bpf_ringbuf_discard(e, 0);
	e = bpf_ringbuf_reserve(&none, 3, 0);
	if (e)
		bpf_ringbuf_discard(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
