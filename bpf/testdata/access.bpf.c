// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Maps of all the sorts that user space can read or write, and variables. */
#include "kernel.h"

#define PROG_ARRAY 3
#define PERCPU_HASH 5
#define PERCPU_ARRAY 6
#define LRU_HASH 9
#define LPM_TRIE 11
#define ARRAY_OF_MAPS 12
#define HASH_OF_MAPS 13
#define QUEUE 22
#define STACK 23

enum mode { IDLE, BUSY, BROKEN = -3 };

struct place {
	__u8 cpu;
	__u16 node;
};

struct key {
	__u32 pid;
	struct place at;
	char comm[16];
};

struct value {
	__u64 count;
	__s8 small;
	__u32 low : 3;
	__u32 high : 29;
	__s16 signed_bits : 5;
	enum mode mode;
	__u8 address[16];
	struct place places[2];
};

struct message {
	__u32 id;
	char text[12];
};

struct settings {
	bool on;
	__u32 limit;
	char name[8];
	__u8 first : 1;
	__u8 rest : 7;
};

const volatile __u32 targ_pid;
__u64 total;
__s32 level = -5;
struct settings settings = { .limit = 7, .name = "seven" };
__u64 list[4];
__s64 user_stack, build_id_stack, kernel_stack;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, struct value);
} nested SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4000);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} recent SEC(".maps");

struct {
	__uint(type, PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} by_cpu SEC(".maps");

struct {
	__uint(type, PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct message);
} cells_by_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} cells SEC(".maps");

struct prefix {
	__u32 length;
	__u8 address[4];
};

struct {
	__uint(type, LPM_TRIE);
	__uint(max_entries, 64);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, struct prefix);
	__type(value, __u32);
} routes SEC(".maps");

struct {
	__uint(type, QUEUE);
	__uint(max_entries, 4);
	__type(value, struct message);
} mail SEC(".maps");

struct {
	__uint(type, STACK);
	__uint(max_entries, 4);
	__type(value, __u64);
} pile SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct message);
} first SEC(".maps");

struct {
	__uint(type, HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} groups SEC(".maps");

struct {
	__uint(type, ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} slots SEC(".maps") = { .values = { &first } };

struct {
	__uint(type, PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, 8 /* BPF_F_RDONLY */);
	__type(key, __u32);
	__type(value, __u64);
} read_only SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(map_flags, 32 /* BPF_F_STACK_BUILD_ID */);
	__uint(key_size, 4);
	__uint(value_size, 127 * 32);
} stacks_by_id SEC(".maps");

SEC("tp/syscalls/sys_enter_getpriority")
int on_access_test(struct sys_enter *ctx)
{
	__u32 which = ctx->args[1], slot = which & 3, zero = 0;
	struct message m = { .id = which, .text = "kernel" };
	__u64 one = 1, *n;

	if (bpf_get_current_pid_tgid() >> 32 != targ_pid)
		return 0;
	__sync_fetch_and_add(&total, 1);
	if (settings.on && which < settings.limit)
		list[slot]++;
	n = bpf_map_lookup_elem(&counts, &which);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &which, &one, 0);
	bpf_map_update_elem(&by_cpu, &slot, &one, 0);
	bpf_map_push_elem(&mail, &m, 0);
	user_stack = bpf_get_stackid(ctx, &stacks, 256 /* BPF_F_USER_STACK */);
	kernel_stack = bpf_get_stackid(ctx, &stacks, 0);
	build_id_stack = bpf_get_stackid(ctx, &stacks_by_id, 256);
	bpf_tail_call(ctx, &jumps, zero);
	return 0;
}

/* A target of tail calls: nobody calls setpriority here. */
SEC("tp/syscalls/sys_enter_setpriority")
int on_access_jump(struct sys_enter *ctx)
{
	__u64 value = 42;
	__u32 key = 9;

	if (bpf_get_current_pid_tgid() >> 32 == targ_pid)
		bpf_map_update_elem(&counts, &key, &value, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
