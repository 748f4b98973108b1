// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Parts of a program, each of which is compiled by itself. */
#include "kernel.h"

struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
};

#ifdef OF_MAP
extern struct table table SEC(".maps");
#else
struct table table SEC(".maps");
#endif

#ifdef OWN_MAP
struct table own SEC(".maps");
#endif

#ifdef OF_FUNCTION
extern int elsewhere(__u64 *value);

SEC("tp/syscalls/sys_enter_getppid")
int call(void *ctx)
{
	__u64 value = 1;

	return elsewhere(&value);
}

SEC("tp/syscalls/sys_enter_getppid")
int alone(void *ctx)
{
	return 0;
}
#endif

#ifdef OF_MAP
SEC("tp/syscalls/sys_enter_getppid")
int look(void *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&table, &key) ? 1 : 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
