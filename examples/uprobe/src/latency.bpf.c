// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct event {
	__u64 nanoseconds;
	__u32 pid;
	int status; /* 0, or LUA_ERRRUN (2) and its kin */
	char comm[16];
};

/* lua_pcall calls itself: a call is known by its thread and its place on the stack. */
struct call {
	__u64 stack;
	__u32 tid;
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct call);
	__type(value, __u64); /* when it began */
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("uprobe")
int on_call(struct pt_regs *ctx)
{
	struct call call = { .stack = PT_REGS_SP(ctx), .tid = bpf_get_current_pid_tgid() };
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&calls, &call, &now, BPF_ANY);
	return 0;
}

SEC("uretprobe")
int on_return(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call call = { .stack = PT_REGS_SP(ctx), .tid = id };
	__u64 now = bpf_ktime_get_ns(), *began;
	struct event *event;

#ifdef __TARGET_ARCH_x86
	call.stack -= sizeof(__u64); /* returning took the return address off */
#endif
	began = bpf_map_lookup_elem(&calls, &call);
	if (!began)
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->nanoseconds = now - *began;
		event->pid = id >> 32;
		event->status = PT_REGS_RC(ctx);
		bpf_get_current_comm(event->comm, sizeof(event->comm));
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&calls, &call);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
