// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>

struct event {
	__u64 nanoseconds;
	__u32 pid;
	int generation; /* 0: young objects, 2: all */
	long collected; /* objects */
	char comm[16];
};

struct start {
	__u64 time;
	int generation;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32); /* thread */
	__type(value, struct start);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("usdt")
int BPF_USDT(on_start, int generation)
{
	struct start start = { .time = bpf_ktime_get_ns(), .generation = generation };
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&starts, &tid, &start, BPF_ANY);
	return 0;
}

SEC("usdt")
int BPF_USDT(on_done, long collected)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	struct start *start;
	struct event *event;
	__u32 tid = id;

	start = bpf_map_lookup_elem(&starts, &tid);
	if (!start)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->nanoseconds = now - start->time;
		event->pid = id >> 32;
		event->generation = start->generation;
		event->collected = collected;
		bpf_get_current_comm(event->comm, sizeof(event->comm));
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
