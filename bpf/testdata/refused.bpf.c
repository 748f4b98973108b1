// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A program that no verifier lets pass beside one that it does. */
#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("tp/syscalls/sys_enter_getppid")
int good(struct sys_enter *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_enter_getppid")
int bad(struct sys_enter *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);

	*count += 1; /* may be NULL */
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
