// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Programs of which only some may run: each sends who it is. */
#include "kernel.h"

enum who { TP_BTF = 1, RAW_TP, TRACEPOINT, NOT_THERE, GOOD, BAD, OLD, HALF, FENTRY, KPROBE };

struct hit {
	enum who who;
	__u32 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} hits SEC(".maps");

static __attribute__((always_inline)) int hit(enum who who)
{
	struct hit *h = bpf_ringbuf_reserve(&hits, sizeof(*h), 0);

	if (!h)
		return 0;
	h->who = who;
	h->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit(h, 0);
	return 0;
}

/* One tracepoint in three ways: the first is to be kept. */
SEC("raw_tp/sys_exit")
int exit_raw(void *ctx) { return hit(RAW_TP); }

SEC("tp_btf/sys_exit")
int exit_btf(void *ctx) { return hit(TP_BTF); }

SEC("tp/raw_syscalls/sys_exit")
int exit_tracepoint(void *ctx) { return hit(TRACEPOINT); }

/* No raw tracepoint is called so, which attaching it tells. */
SEC("raw_tp/sys_enter_getppid")
int getppid_raw(void *ctx) { return hit(NOT_THERE); }

SEC("tp/syscalls/sys_enter_getppid")
int getppid(void *ctx) { return hit(GOOD); }

/* The verifier refuses what it would rather have. */
SEC("raw_tp/sys_enter")
int enter_raw(void *ctx)
{
	struct hit *h = bpf_ringbuf_reserve(&hits, sizeof(*h), 0);

	h->who = BAD; /* may be NULL */
	bpf_ringbuf_submit(h, 0);
	return 0;
}

/* The other half of that way works, but not all of it does. */
SEC("raw_tp/sys_enter")
int enter_raw_too(void *ctx) { return hit(HALF); }

SEC("tp/raw_syscalls/sys_enter")
int enter(void *ctx) { return hit(GOOD); }

/* Two names of one function, of which neither ever was in a kernel, by two kinds. */
SEC("kprobe/ebpfx_no_such_page")
int page(void *ctx) { return hit(OLD); }

SEC("kprobe/ebpfx_no_such_folio")
int folio(void *ctx) { return hit(OLD); }

/* One function in two ways: what is kept depends on the kernel. */
SEC("kprobe/security_task_setnice")
int nice_kprobe(void *ctx) { return hit(KPROBE); }

SEC("fentry/security_task_setnice")
int nice_fentry(void *ctx) { return hit(FENTRY); }

char LICENSE[] SEC("license") = "GPL";
