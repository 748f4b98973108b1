// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Programs for each way to attach, of which a test asks for those that it wants. Each sends what it sees of its context, and those that
 * trace do so for one thread alone.
 */
#include "kernel.h"

#define FUNCTION "security_task_setnice"
#define ENOTUNIQ 76 /* an error that none of the traced functions has otherwise */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} hits SEC(".maps");

struct hit {
	__u32 pid;
	__u32 program; /* of the programs for cgroups */
	__u64 value;
};

/* The thread that is watched. */
const volatile __u32 only_tid;

/* What x86-64 passes the second argument and the result in. */
struct pt_regs {
	unsigned long si;
	unsigned long ax;
} __attribute__((preserve_access_index));

static __always_inline void send(__u32 program, __u64 value)
{
	struct hit *h = bpf_ringbuf_reserve(&hits, sizeof(*h), 0);

	if (!h)
		return;
	h->pid = 0;
	h->program = program;
	h->value = value;
	bpf_ringbuf_submit(h, 0);
}

static __always_inline int trace(__u64 value)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct hit *h;

	if ((__u32)id != only_tid)
		return 0;
	h = bpf_ringbuf_reserve(&hits, sizeof(*h), 0);
	if (!h)
		return 0;
	h->pid = id >> 32;
	h->program = 0;
	h->value = value;
	bpf_ringbuf_submit(h, 0);
	return 0;
}

SEC("?kprobe/" FUNCTION)
int on_kprobe(struct pt_regs *ctx)
{
	return trace(ctx->si);
}

SEC("?kretprobe/" FUNCTION)
int on_kretprobe(struct pt_regs *ctx)
{
	return trace(ctx->ax);
}

SEC("?kprobe.multi/security_task_?etnice")
int on_kprobe_multi(struct pt_regs *ctx)
{
	return trace(ctx->si);
}

SEC("?kretprobe.multi/security_task_setn*")
int on_kretprobe_multi(struct pt_regs *ctx)
{
	return trace(ctx->ax);
}

SEC("?kprobe.session/security_task_setn*")
int on_kprobe_session(struct pt_regs *ctx)
{
	return trace(ctx->si);
}

SEC("?ksyscall/getppid")
int on_ksyscall(struct pt_regs *ctx)
{
	return trace(0);
}

SEC("?kretsyscall/getppid")
int on_kretsyscall(struct pt_regs *ctx)
{
	return trace(ctx->ax);
}

SEC("?uprobe/libc.so.6:geteuid")
int on_uprobe(void *ctx)
{
	send(0, 0);
	return 0;
}

SEC("?uretprobe/libc.so.6:geteuid")
int on_uretprobe(struct pt_regs *ctx)
{
	send(0, ctx->ax);
	return 0;
}

SEC("?uprobe.multi/libc.so.6:geteui?")
int on_uprobe_multi(void *ctx)
{
	send(0, 0);
	return 0;
}

SEC("?uretprobe.multi/libc.so.6:geteui?")
int on_uretprobe_multi(struct pt_regs *ctx)
{
	send(0, ctx->ax);
	return 0;
}

SEC("?uprobe.session/libc.so.6:geteui?")
int on_uprobe_session(void *ctx)
{
	send(0, 0);
	return 0;
}

SEC("?tp/syscalls/sys_enter_getppid")
int on_tracepoint(struct sys_enter *ctx)
{
	return trace(*(__u32 *)&ctx->id);
}

SEC("?raw_tp/sys_enter")
int on_raw_tracepoint(__u64 *ctx)
{
	return trace(ctx[1]);
}

/* The fields of the tracepoint end with the number of the call. */
SEC("?tp/syscalls/sys_enter_getppid")
int reads_beyond(struct sys_enter *ctx)
{
	return trace(ctx->args[0]);
}

/* Running a program for a test ends with the error that is put here. */
SEC("?raw_tp.w/bpf_test_finish")
int on_raw_tracepoint_w(__u64 *ctx)
{
	int *error = (int *)ctx[0];

	if ((__u32)bpf_get_current_pid_tgid() != only_tid)
		return 0;
	trace(*error);
	*error = -ENOTUNIQ;
	return 0;
}

SEC("?tp_btf/sys_enter")
int on_tp_btf(__u64 *ctx)
{
	return trace(ctx[1]);
}

SEC("?fentry/" FUNCTION)
int on_fentry(__u64 *ctx)
{
	return trace(ctx[1]);
}

SEC("?fexit/" FUNCTION)
int on_fexit(__u64 *ctx)
{
	return trace(ctx[1]);
}

SEC("?fmod_ret/" FUNCTION)
int on_fmod_ret(__u64 *ctx)
{
	return trace(ctx[1]);
}

SEC("?fsession/" FUNCTION)
int on_fsession(__u64 *ctx)
{
	return trace(ctx[1]);
}

SEC("?lsm/task_setnice")
int on_lsm(__u64 *ctx)
{
	return trace(ctx[1]);
}

SEC("?lsm_cgroup/socket_create")
int on_lsm_cgroup(__u64 *ctx)
{
	send(0, ctx[1]);
	return 1; /* allow */
}

/* What on_freplace takes the place of. */
__attribute__((noinline)) int decide(int value)
{
	return value + bpf_get_smp_processor_id() * 0;
}

SEC("?tp/syscalls/sys_enter_getppid")
int replaceable(struct sys_enter *ctx)
{
	if ((__u32)bpf_get_current_pid_tgid() == only_tid)
		decide(7);
	return 0;
}

SEC("?freplace/decide")
int on_freplace(int value)
{
	send(0, value);
	return 0;
}

struct seq_file;
struct iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

struct iter_task {
	struct iter_meta *meta;
	struct task_struct *task;
};

SEC("?iter/task")
int on_iter(struct iter_task *ctx)
{
	if (ctx->task)
		send(0, ctx->task->tgid);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} elements SEC(".maps");

struct iter_map_elem {
	struct iter_meta *meta;
	void *map;
	void *key;
	void *value;
};

SEC("?iter/bpf_map_elem")
int on_iter_map(struct iter_map_elem *ctx)
{
	static const char text[] = "an element\n";
	__u32 *key = ctx->key;

	if (!key)
		return 0;
	bpf_seq_write(ctx->meta->seq, text, sizeof(text) - 1);
	send(0, *key);
	return 0;
}

struct iter_cgroup {
	struct iter_meta *meta;
	void *cgroup;
};

SEC("?iter/cgroup")
int on_iter_cgroup(struct iter_cgroup *ctx)
{
	if (ctx->cgroup)
		send(0, ctx->meta->seq_num);
	return 0;
}

SEC("?perf_event")
int on_perf_event(void *ctx)
{
	send(0, bpf_get_smp_processor_id());
	return 0;
}

SEC("?xdp")
int on_xdp(void *ctx)
{
	send(0, 0);
	return 2; /* XDP_PASS */
}

SEC("?tc/ingress")
int on_tc(void *ctx)
{
	send(0, 0);
	return -1; /* TC_ACT_UNSPEC, TCX_NEXT */
}

SEC("?netkit/primary")
int on_netkit(void *ctx)
{
	send(0, 0);
	return -1; /* NETKIT_NEXT */
}

SEC("?netfilter")
int on_netfilter(void *ctx)
{
	send(0, 0);
	return 1; /* NF_ACCEPT */
}

/* Programs for cgroups let everything pass. CGROUP(on_bind4, "bind4", 7) */
#define CGROUP(name, hook, number)						\
	SEC("?cgroup" hook)							\
	int name(void *ctx)							\
	{									\
		send(number, 0);						\
		return 1;							\
	}

CGROUP(on_cgroup_skb_ingress, "_skb/ingress", 1)
CGROUP(on_cgroup_skb_egress, "_skb/egress", 2)
CGROUP(on_cgroup_sock_create, "/sock_create", 3)
CGROUP(on_cgroup_sock_release, "/sock_release", 4)
CGROUP(on_cgroup_sock, "/sock", 5)
CGROUP(on_cgroup_post_bind4, "/post_bind4", 6)
CGROUP(on_cgroup_post_bind6, "/post_bind6", 7)
CGROUP(on_cgroup_bind4, "/bind4", 8)
CGROUP(on_cgroup_bind6, "/bind6", 9)
CGROUP(on_cgroup_connect4, "/connect4", 10)
CGROUP(on_cgroup_connect6, "/connect6", 11)
CGROUP(on_cgroup_connect_unix, "/connect_unix", 12)
CGROUP(on_cgroup_sendmsg4, "/sendmsg4", 13)
CGROUP(on_cgroup_sendmsg6, "/sendmsg6", 14)
CGROUP(on_cgroup_sendmsg_unix, "/sendmsg_unix", 15)
CGROUP(on_cgroup_recvmsg4, "/recvmsg4", 16)
CGROUP(on_cgroup_recvmsg6, "/recvmsg6", 17)
CGROUP(on_cgroup_recvmsg_unix, "/recvmsg_unix", 18)
CGROUP(on_cgroup_getpeername4, "/getpeername4", 19)
CGROUP(on_cgroup_getpeername6, "/getpeername6", 20)
CGROUP(on_cgroup_getpeername_unix, "/getpeername_unix", 21)
CGROUP(on_cgroup_getsockname4, "/getsockname4", 22)
CGROUP(on_cgroup_getsockname6, "/getsockname6", 23)
CGROUP(on_cgroup_getsockname_unix, "/getsockname_unix", 24)
CGROUP(on_cgroup_sysctl, "/sysctl", 25)
CGROUP(on_cgroup_getsockopt, "/getsockopt", 26)
CGROUP(on_cgroup_setsockopt, "/setsockopt", 27)
CGROUP(on_cgroup_dev, "/dev", 28)

SEC("?sockops")
int on_sockops(void *ctx)
{
	send(0, 0);
	return 1;
}

SEC("?sk_lookup")
int on_sk_lookup(void *ctx)
{
	send(0, 0);
	return 1; /* SK_PASS */
}

SEC("?flow_dissector")
int on_flow_dissector(void *ctx)
{
	send(0, 0);
	return 0; /* BPF_OK */
}

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} socks SEC(".maps");

struct bpf_sock_ops {
	__u32 op;
};

/* Puts both ends of each connection into the map. */
SEC("?sockops")
int collect(struct bpf_sock_ops *ctx)
{
	__u32 client = 0, server = 1;

	if (ctx->op == 4) /* BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB */
		bpf_sock_map_update((void *)ctx, &socks, &client, 0);
	if (ctx->op == 5) /* BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB */
		bpf_sock_map_update((void *)ctx, &socks, &server, 0);
	return 1;
}

SEC("?sk_msg")
int on_sk_msg(void *ctx)
{
	send(0, 0);
	return 1; /* SK_PASS */
}

SEC("?sk_skb/stream_verdict")
int on_sk_skb(void *ctx)
{
	send(0, 0);
	return 1; /* SK_PASS */
}

SEC("?sk_skb/stream_verdict")
int on_sk_skb_verdict(void *ctx)
{
	return 1; /* SK_PASS */
}

SEC("?sk_reuseport")
int on_sk_reuseport(void *ctx)
{
	send(0, 0);
	return 1; /* SK_PASS */
}

SEC("?socket")
int on_socket_filter(void *ctx)
{
	send(0, 0);
	return 0x40000; /* bytes to keep */
}

struct sock;
struct tcp_congestion_ops {
	void (*init)(struct sock *sk);
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("?struct_ops/init")
void on_struct_ops(__u64 *ctx)
{
	send(0, 0);
}

SEC("?struct_ops/ssthresh")
__u32 ssthresh(__u64 *ctx)
{
	return 2;
}

SEC("?struct_ops/cong_avoid")
void cong_avoid(__u64 *ctx)
{
}

SEC("?struct_ops/undo_cwnd")
__u32 undo_cwnd(__u64 *ctx)
{
	return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops congestion = {
	.init = (void *)on_struct_ops,
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)cong_avoid,
	.undo_cwnd = (void *)undo_cwnd,
	.name = "ebpfx_test",
};

struct once {
	__u64 argument;
};

SEC("?syscall")
int on_syscall(struct once *ctx)
{
	send(0, ctx->argument);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
