// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A program in versions: VERSION says which one it is, and others change single definitions. */
#include "kernel.h"

#ifndef VERSION
#define VERSION 1
#endif
#ifndef ENTRIES
#define ENTRIES 16
#endif
#ifndef VALUE
#define VALUE __u64
#endif
#ifndef FIRST
#define FIRST 5
#endif

struct event {
	__u32 sequence;
	__u32 version;
#ifdef WIDE
	__u64 more;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, VALUE);
} counts SEC(".maps");

__u64 total;
__u64 first = FIRST;

#define MARK 0x40000000

#ifdef XDP
struct xdp_md;
SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	__u32 key = 0;
	VALUE zero = 0, *count;

	bpf_map_update_elem(&counts, &key, &zero, 1 /* BPF_NOEXIST */);
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 2 /* XDP_PASS */;
}
#else
SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct sys_enter *ctx)
{
	__u32 key = 0, sequence = ctx->args[0];
	VALUE zero = 0, *count;
	struct event *e;

	if (!(sequence & MARK))
		return 0;
	sequence &= ~MARK;
	bpf_map_update_elem(&counts, &key, &zero, 1 /* BPF_NOEXIST */);
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&total, first ? 1 : 2);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->sequence = sequence;
	e->version = VERSION;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
