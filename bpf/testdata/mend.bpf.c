// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What libbpf takes and cilium/ebpf does not. */
#include "kernel.h"

extern __u32 LINUX_KERNEL_VERSION __kconfig;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4097);
} odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} weak SEC(".maps") __weak;

struct version {
	__u32 kernel, count;
};

SEC("tp/syscalls/sys_enter_getppid")
int send(void *ctx)
{
	__u32 key = 0, one = 1;
	struct version *v;

	bpf_map_update_elem(&weak, &key, &one, 0);
	v = bpf_ringbuf_reserve(&odd, sizeof(*v), 0);
	if (!v)
		return 0;
	v->kernel = LINUX_KERNEL_VERSION;
	v->count = one;
	bpf_ringbuf_submit(v, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
