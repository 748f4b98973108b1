// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A map that is pinned by its name, and rings in a map that no program names. */
#include "kernel.h"

#define LIBBPF_PIN_BY_NAME 1
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} ebpfx_test_pinned SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps") = { .values = { &even, &odd } };

struct sent {
	__u64 number;
};

__u64 count;

SEC("tp/syscalls/sys_enter_getppid")
int send(void *ctx)
{
	__u32 which = ++count & 1;
	void *ring = bpf_map_lookup_elem(&rings, &which);
	struct sent s = { .number = count };

	bpf_map_update_elem(&ebpfx_test_pinned, &(__u32){ 0 }, &which, 0);
	if (ring)
		bpf_ringbuf_output(ring, &s, sizeof(s), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
