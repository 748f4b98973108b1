// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Maps of which user space names keys or values by what they stand for: sockets, files, cgroups, devices. */
#include "kernel.h"

#define CGROUP_ARRAY 8
#define LPM_TRIE 11
#define DEVMAP 14
#define CPUMAP 16
#define XSKMAP 17
#define SOCKHASH 18
#define REUSEPORT_SOCKARRAY 20
#define SK_STORAGE 24
#define INODE_STORAGE 28

const volatile __u32 targ_pid;

struct counts {
	__u64 bytes;
	__u32 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, int);
} unread SEC(".maps");

struct {
	__uint(type, SOCKHASH);
	__uint(max_entries, 4);
	__type(key, struct counts);
	__type(value, __u64);
} by_name SEC(".maps");

struct {
	__uint(type, REUSEPORT_SOCKARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} group SEC(".maps");

struct {
	__uint(type, XSKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, int);
} queues SEC(".maps");

struct {
	__uint(type, CGROUP_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

struct {
	__uint(type, SK_STORAGE);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, int);
	__type(value, struct counts);
} of_socket SEC(".maps");

struct {
	__uint(type, DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

struct {
	__uint(type, CPUMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} cpus SEC(".maps");

struct prefix6 {
	__u32 length;
	__u8 address[16];
};

struct {
	__uint(type, LPM_TRIE);
	__uint(max_entries, 4);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, struct prefix6);
	__type(value, __u32);
} routes6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} records SEC(".maps");

SEC("tp/syscalls/sys_enter_setpriority")
int on_named_test(struct sys_enter *ctx)
{
	return targ_pid;
}

char LICENSE[] SEC("license") = "GPL";
