// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Global variables of every sort that can be set before loading. The program sends them back. */
#include "kernel.h"

enum mode { FAST = 1, SLOW = 2, NEVER = -1 };

struct point {
	__s16 x, y;
	char name[6];
};

struct settings {
	bool flag;
	__s8 small;
	__u32 targ_pid;
	__s64 wide;
	__u64 huge;
	enum mode mode;
	char comm[8];
	__u16 ports[3];
	struct point at;
};

const volatile bool flag;
const volatile __s8 small;
const volatile __u32 targ_pid = 1;
const volatile __s64 wide;
const volatile __u64 huge;
const volatile enum mode mode = FAST;
const volatile char comm[8];
const volatile __u16 ports[3] = { 1, 2, 3 };
const volatile struct point at;
__u32 writable = 5;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} sent SEC(".maps");

SEC("tp/syscalls/sys_enter_getppid")
int send(struct sys_enter *ctx)
{
	struct settings *s = bpf_ringbuf_reserve(&sent, sizeof(*s), 0);

	if (!s)
		return 0;
	__builtin_memset(s, 0, sizeof(*s));
	s->flag = flag;
	s->small = small;
	s->targ_pid = targ_pid + writable;
	s->wide = wide;
	s->huge = huge;
	s->mode = mode;
	for (int i = 0; i < sizeof(comm); i++)
		s->comm[i] = comm[i];
	for (int i = 0; i < 3; i++)
		s->ports[i] = ports[i];
	s->at.x = at.x;
	s->at.y = at.y;
	for (int i = 0; i < sizeof(at.name); i++)
		s->at.name[i] = at.name[i];
	bpf_ringbuf_submit(s, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
