// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * All that CO-RE can ask of the layout of the kernel's types. Flavours stand for types of other kernels: what they name may be absent,
 * of another kind, or there more than once. What cannot be is poison then, so that not all of it can be loaded.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sched_entity {
	__u64 vruntime;
};

struct pid {
	int level;
	struct {
		int nr;
	} numbers[];
};

struct signal_struct {
	struct pid *pids[4];
};

struct task_struct {
	unsigned int flags;
	int pid, tgid;
	unsigned in_execve : 1;
	unsigned sched_reset_on_fork : 1;
	struct sched_entity se;
	struct task_struct *real_parent;
	struct signal_struct *signal;
	char comm[16];
};

/* A newer one and an older one, and one that never was. */
struct task_struct___state {
	unsigned int __state;
};
struct task_struct___before {
	long state;
};
struct task_struct___absent {
	int no_such_member;
	struct sched_entity___absent {
		int no_such_member;
	} se;
};

struct no_such_struct {
	int member;
};

/* Members of unions without a name, by which they are found all the same. */
struct sock_common {
	union {
		struct {
			__be32 skc_daddr;
			__be32 skc_rcv_saddr;
		};
	};
	unsigned short skc_family;
};
struct sock {
	struct sock_common __sk_common;
};

struct sk_buff {
	__u8 pkt_type : 3;
	__u8 ip_summed : 2;
	unsigned int len;
	unsigned char *head;
};

struct qstr {
	union {
		struct {
			__u32 hash, len;
		};
	};
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct file {
	struct path f_path;
};

/* The kernel has some of these that have nothing to do with each other. */
struct workspace {
	void *mem;
	char *buf;
};

/* A struct with the name of a union, of a typedef and of an enum. */
struct sigval {
	int sival_int;
};
struct pid_t {
	int member;
};
struct pid_type {
	int member;
};

#pragma clang attribute pop

enum pid_type___named {
	PIDTYPE_SID___named = 100,
	PIDTYPE_ABSENT___named,
};

/* 32 bits here, 64 bits in the kernel. */
enum perf_callchain_context {
	PERF_CONTEXT_KERNEL = 1,
};

typedef int pid_t;
typedef struct {
	int counter;
} atomic_t;
typedef struct {
	int nothing;
} no_such_typedef;

__u64 seen;

/* Each of these is something to the compiler that it cannot know. */
#define SEE(what) (seen += (__u64)(what))

SEC("tp/syscalls/sys_enter_getpgid")
int read_members(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___state *now = (void *)task;
	struct task_struct___before *before = (void *)task;

	SEE(BPF_CORE_READ(task, flags));
	SEE(BPF_CORE_READ(task, real_parent, real_parent, tgid));
	SEE(BPF_CORE_READ(task, se.vruntime));
	SEE(BPF_CORE_READ(task, signal, pids[2], level));
	SEE(BPF_CORE_READ(task, signal, pids[1], numbers[0].nr));
	SEE(BPF_CORE_READ(task, comm[3]));
	SEE(BPF_CORE_READ_BITFIELD_PROBED(task, in_execve));
	SEE(BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork));
	if (bpf_core_field_exists(now->__state))
		SEE(BPF_CORE_READ(now, __state));
	else if (bpf_core_field_exists(before->state))
		SEE(BPF_CORE_READ(before, state));
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int read_sockets_and_files(void *ctx)
{
	struct sock *sk = (void *)seen;
	struct sk_buff *skb = (void *)seen;
	struct file *file = (void *)seen;

	SEE(BPF_CORE_READ(sk, __sk_common.skc_daddr));
	SEE(BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	SEE(BPF_CORE_READ(sk, __sk_common.skc_family));
	SEE(BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type));
	SEE(BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed));
	SEE(BPF_CORE_READ(skb, len));
	SEE(BPF_CORE_READ(file, f_path.dentry, d_name.len));
	SEE(BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int ask_for_sizes(void *ctx)
{
	struct task_struct *task = (void *)seen;
	struct task_struct___absent *absent = (void *)seen;

	SEE(bpf_core_type_size(struct task_struct));
	SEE(bpf_core_type_size(struct sock_common));
	SEE(bpf_core_type_size(union no_such_union));
	SEE(bpf_core_type_size(atomic_t));
	SEE(bpf_core_type_size(pid_t));
	SEE(bpf_core_type_size(no_such_typedef));
	SEE(bpf_core_field_size(task->comm));
	SEE(bpf_core_field_size(task->se));
	SEE(__builtin_preserve_field_info(task->pid, BPF_FIELD_SIGNED));
	SEE(__builtin_preserve_field_info(task->flags, BPF_FIELD_SIGNED));
	SEE(__builtin_preserve_field_info(task->sched_reset_on_fork, BPF_FIELD_LSHIFT_U64));
	SEE(__builtin_preserve_field_info(task->sched_reset_on_fork, BPF_FIELD_RSHIFT_U64));
	if (bpf_core_field_exists(absent->se.no_such_member))
		SEE(bpf_core_field_size(absent->se.no_such_member));
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int ask_what_exists(void *ctx)
{
	struct no_such_struct *nothing = (void *)seen;
	struct task_struct___absent *absent = (void *)seen;

	SEE(bpf_core_type_exists(struct task_struct));
	SEE(bpf_core_type_exists(struct task_struct___absent));
	SEE(bpf_core_type_exists(struct no_such_struct));
	SEE(bpf_core_type_exists(enum pid_type___named));
	SEE(bpf_core_type_exists(atomic_t));
	SEE(bpf_core_type_exists(struct pid_t));
	SEE(bpf_core_field_exists(absent->no_such_member));
	SEE(bpf_core_field_exists(nothing->member));
	SEE(bpf_core_enum_value_exists(enum pid_type___named, PIDTYPE_SID___named));
	SEE(bpf_core_enum_value_exists(enum pid_type___named, PIDTYPE_ABSENT___named));
	SEE(bpf_core_enum_value(enum pid_type___named, PIDTYPE_SID___named));
	if (bpf_core_enum_value_exists(enum perf_callchain_context, PERF_CONTEXT_KERNEL))
		SEE(bpf_core_enum_value(enum perf_callchain_context, PERF_CONTEXT_KERNEL));
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int confuse_kinds(void *ctx)
{
	struct sigval *value = (void *)seen;
	struct pid_t *pid = (void *)seen;
	struct pid_type *type = (void *)seen;

	SEE(BPF_CORE_READ(value, sival_int));
	SEE(BPF_CORE_READ(pid, member));
	SEE(BPF_CORE_READ(type, member));
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int read_ambiguous(void *ctx)
{
	struct workspace *w = (void *)seen;

	SEE(BPF_CORE_READ(w, mem));
	SEE(BPF_CORE_READ(w, buf));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
