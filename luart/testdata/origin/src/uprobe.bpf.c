// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Every lua_pcall: the second source. Its section names the interpreter, since the script names no binary. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct call_event {
	__u64 time;
	__u32 pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} calls SEC(".maps");

SEC("uprobe/lua5.1:lua_pcall")
int handler_entry_uprobe(void *ctx)
{
	struct call_event *e;

	e = bpf_ringbuf_reserve(&calls, sizeof(*e), 0);
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
