// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* open() and openat(): the arguments are seen on entry, the result on exit. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct event {
	__u32 pid;
	__u32 uid;
	__s32 ret; /* a file descriptor, or an error number below 0 */
	__s32 flags;
	char comm[16];
	char path[256];
};

struct args {
	const char *path;
	int flags;
};

/* What each thread that is inside a call passed to it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct args);
} inside SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

static int enter(const char *path, int flags)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct args args = { .path = path, .flags = flags };

	bpf_map_update_elem(&inside, &tid, &args, BPF_ANY);
	return 0;
}

static int leave(long ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct args *args;
	struct event *event;

	args = bpf_map_lookup_elem(&inside, &tid);
	if (!args) /* the call began before us */
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->pid = id >> 32;
		event->uid = bpf_get_current_uid_gid();
		event->ret = ret;
		event->flags = args->flags;
		bpf_get_current_comm(event->comm, sizeof(event->comm));
		bpf_probe_read_user_str(event->path, sizeof(event->path), args->path);
		bpf_ringbuf_submit(event, 0);
	}
	bpf_map_delete_elem(&inside, &tid);
	return 0;
}

/* Some architectures, such as arm64, have openat alone. */
SEC("tracepoint/syscalls/sys_enter_open")
int enter_open(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[0], ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_open")
int exit_open(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int exit_openat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
