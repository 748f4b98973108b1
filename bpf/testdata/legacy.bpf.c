// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Maps as they were defined before BTF, which libbpf 1.0 and later refuse. */
#include "kernel.h"

struct bpf_map_def {
	__u32 type, key_size, value_size, max_entries, map_flags;
};

struct legacy_event {
	__u32 pid;
};

struct bpf_map_def SEC("maps") legacy_events = {
	.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	.key_size = sizeof(int),
	.value_size = sizeof(int),
};

struct bpf_map_def SEC("maps") legacy_counts = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 100,
};

SEC("tp/syscalls/sys_enter_getppid")
int legacy(void *ctx)
{
	struct legacy_event e = { .pid = bpf_get_current_pid_tgid() >> 32 };
	__u64 one = 1;

	bpf_map_update_elem(&legacy_counts, &e.pid, &one, 0);
	bpf_perf_event_output(ctx, &legacy_events, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
