// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A program for each way to attach. Each sends its number, so that a test sees which of them ran. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>

enum bpf_func_id {
	BPF_FUNC_get_attach_cookie = 174,
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} hits SEC(".maps");

enum probe {
	TRACEPOINT = 1,
	RAW_TRACEPOINT,
	TP_BTF,
	KPROBE,
	KRETPROBE,
	UPROBE,
	URETPROBE,
	FENTRY,
	FEXIT,
	ITER,
	PERF_EVENT,
	XDP,
	TC,
	CGROUP,
	SOCKOPS,
};

struct hit {
	enum probe probe;
	__u32 pid;
	__u64 cookie;
};

/* 0: everybody. A test asks for the process that it watches. */
const volatile __u32 only_pid;

static __always_inline void hit(enum probe probe, __u64 cookie)
{
	__u32 pid = 0;
	struct hit *h;

	/* Network programs run in whatever process is there. */
	if (probe != XDP && probe != TC && probe != CGROUP && probe != SOCKOPS) {
		pid = bpf_get_current_pid_tgid() >> 32;
		if (only_pid && pid != only_pid)
			return;
	}
	h = bpf_ringbuf_reserve(&hits, sizeof(*h), 0);
	if (!h)
		return;
	h->probe = probe;
	h->pid = pid;
	h->cookie = cookie;
	bpf_ringbuf_submit(h, 0);
}

SEC("tp/syscalls/sys_enter_getppid")
int on_tracepoint(void *ctx)
{
	hit(TRACEPOINT, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
int on_raw_tracepoint(void *ctx)
{
	hit(RAW_TRACEPOINT, 0);
	return 0;
}

SEC("tp_btf/sys_exit")
int on_tp_btf(void *ctx)
{
	hit(TP_BTF, 0);
	return 0;
}

SEC("kprobe/vfs_open")
int on_kprobe(void *ctx)
{
	hit(KPROBE, 0);
	return 0;
}

SEC("kretprobe/vfs_open")
int on_kretprobe(void *ctx)
{
	hit(KRETPROBE, 0);
	return 0;
}

SEC("uprobe")
int on_uprobe(void *ctx)
{
	/* Kernels before 5.15 have no cookies. */
	hit(UPROBE, bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie) ? bpf_get_attach_cookie(ctx) : 0);
	return 0;
}

SEC("uretprobe/libc.so.6:geteuid")
int on_uretprobe(void *ctx)
{
	hit(URETPROBE, 0);
	return 0;
}

SEC("fentry/vfs_open")
int on_fentry(void *ctx)
{
	hit(FENTRY, 0);
	return 0;
}

SEC("fexit/vfs_open")
int on_fexit(void *ctx)
{
	hit(FEXIT, 0);
	return 0;
}

struct seq_file;
struct iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};
struct iter_task {
	struct iter_meta *meta;
	void *task;
};

SEC("iter/task")
int on_iter(struct iter_task *ctx)
{
	static const char text[] = "a task\n";

	if (!ctx->task)
		return 0;
	bpf_seq_write(ctx->meta->seq, text, sizeof(text) - 1);
	hit(ITER, 0);
	return 0;
}

SEC("perf_event")
int on_perf_event(void *ctx)
{
	hit(PERF_EVENT, 0);
	return 0;
}

SEC("xdp")
int on_xdp(void *ctx)
{
	hit(XDP, 0);
	return 2; /* XDP_PASS */
}

SEC("tc/ingress")
int on_tc(void *ctx)
{
	hit(TC, 0);
	return -1; /* TCX_NEXT */
}

SEC("cgroup_skb/egress")
int on_cgroup(void *ctx)
{
	hit(CGROUP, 0);
	return 1; /* let it pass */
}

SEC("sockops")
int on_sockops(void *ctx)
{
	hit(SOCKOPS, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
