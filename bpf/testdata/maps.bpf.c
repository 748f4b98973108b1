// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Maps of all the sorts in which tools leave what they found out, and of those that they keep for themselves. */
#include "kernel.h"

#define PERCPU_HASH 5
#define PERCPU_ARRAY 6
#define LRU_HASH 9

struct key {
	__u32 pid;
	char comm[16];
};

struct value {
	__u64 count;
	__s64 balance;
};

struct hist {
	__u32 slots[27];
	char comm[16];
};

/* Only the process under test counts. */
const volatile __u32 targ_pid;
const volatile bool by_slot = true;
const volatile char prefix[16] = "open";
const volatile __u16 ports[4] = { 80, 443 };
const __u32 settled = 7;

__u64 total;
__u64 never;
struct hist hists_of[2];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, struct value);
} calls SEC(".maps");

struct {
	__uint(type, PERCPU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, __u64);
} sums SEC(".maps");

struct {
	__uint(type, PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct value);
} cells SEC(".maps");

struct {
	__uint(type, LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct hist);
} hists SEC(".maps");

/* The old way to say it, with no types. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 4);
} bare SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} inflight SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} start SEC(".maps");

struct {
	__uint(type, PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct key);
} heap SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, int);
	__type(value, __u64);
} stack_ids SEC(".maps");

SEC("tp/syscalls/sys_enter_getpriority")
int on_maps_test(struct sys_enter *ctx)
{
	struct value one = { 1, -2 }, *v;
	struct hist empty = {}, *h;
	struct key key = {}, *k;
	__u32 which = ctx->args[1], cell = which & 7, zero = 0, slot;
	__u64 n = 1, *old;
	int id;

	if (bpf_get_current_pid_tgid() >> 32 != targ_pid)
		return 0;
	__sync_fetch_and_add(&total, 1);
	hists_of[1].slots[2]++;

	key.pid = targ_pid;
	key.comm[0] = 'a' + (which & 15);
	v = bpf_map_lookup_elem(&calls, &key);
	if (v)
		__sync_fetch_and_add(&v->count, 1);
	else
		bpf_map_update_elem(&calls, &key, &one, 0);

	old = bpf_map_lookup_elem(&sums, &which);
	if (old)
		*old += 1;
	else
		bpf_map_update_elem(&sums, &which, &n, 0);

	v = bpf_map_lookup_elem(&cells, &cell);
	if (v) {
		v->count++;
		v->balance -= 2;
	}

	empty.comm[0] = 'h';
	bpf_map_update_elem(&hists, &zero, &empty, 1 /* BPF_NOEXIST */);
	h = bpf_map_lookup_elem(&hists, &zero);
	slot = which & 15;
	if (h && by_slot)
		h->slots[slot]++;

	n = 9;
	bpf_map_update_elem(&bare, &cell, &n, 0);

	n = bpf_ktime_get_ns();
	bpf_map_update_elem(&start, &which, &n, 0);
	bpf_map_update_elem(&inflight, &which, &n, 0);
	k = bpf_map_lookup_elem(&heap, &zero);
	if (k)
		k->pid = which + prefix[0] + ports[0] + settled + never;
	n = 1;
	id = bpf_get_stackid(ctx, &stacks, 0);
	bpf_map_update_elem(&stack_ids, &id, &n, 0);
	return 0;
}

SEC("tp/syscalls/sys_exit_getpriority")
int on_maps_test_exit(struct sys_enter *ctx)
{
	__u32 which = ctx->id;

	bpf_map_delete_elem(&inflight, &which);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
