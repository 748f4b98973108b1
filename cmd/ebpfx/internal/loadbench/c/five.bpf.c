// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Five programs as a tool has them: tracepoints and others, with CO-RE, that share a hash and send events. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
	int tgid;
	struct task_struct *real_parent;
	int exit_code;
} __attribute__((preserve_access_index));

struct event {
	__u64 duration;
	int pid, parent, code;
	char comm[16];
};

const volatile int only_pid;
__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u64);
	__type(value, __u64);
} started SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline void begin(void)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	if (!only_pid || only_pid == id >> 32)
		bpf_map_update_elem(&started, &id, &now, BPF_ANY);
}

static __always_inline void end(int code)
{
	__u64 id = bpf_get_current_pid_tgid(), *at = bpf_map_lookup_elem(&started, &id);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *e;

	if (!at)
		return;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (e) {
		e->duration = bpf_ktime_get_ns() - *at;
		e->pid = id >> 32;
		e->parent = BPF_CORE_READ(task, real_parent, tgid);
		e->code = code;
		bpf_get_current_comm(e->comm, sizeof(e->comm));
		bpf_ringbuf_submit(e, 0);
	}
	bpf_map_delete_elem(&started, &id);
}

SEC("tp/syscalls/sys_enter_getpgid")
int enter_getpgid(void *ctx)
{
	begin();
	return 0;
}

SEC("tp/syscalls/sys_exit_getpgid")
int exit_getpgid(void *ctx)
{
	end(0);
	return 0;
}

SEC("tp/syscalls/sys_enter_getsid")
int enter_getsid(void *ctx)
{
	begin();
	return 0;
}

SEC("raw_tp/sched_process_exec")
int executed(void *ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int ended(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	end(BPF_CORE_READ(task, exit_code));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
