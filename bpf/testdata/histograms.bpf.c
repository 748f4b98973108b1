// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A histogram by powers of two; LINEAR: by the numbers themselves. */
#include "kernel.h"

#define SLOTS 26

__u32 slots[SLOTS];

/* What is left of the value is halved, as libbpf-tools do. */
static __always_inline __attribute__((unused)) __u64 halving(__u32 v)
{
	__u32 shift, r;

	r = (v > 0xffff) << 4; v >>= r;
	shift = (v > 0xff) << 3; v >>= shift; r |= shift;
	shift = (v > 0xf) << 2; v >>= shift; r |= shift;
	shift = (v > 0x3) << 1; v >>= shift; r |= shift;
	return r | (v >> 1);
}

SEC("tp/syscalls/sys_enter_getppid")
int count(void *ctx)
{
	__u64 value = bpf_get_current_pid_tgid(), slot;

#if defined(LINEAR)
	slot = value & 0xff;
	if (slot == 4 || slot == 16) /* as other code compares, too */
		slot >>= 1;
#else
	slot = halving((value >> 10) & 0xffffffff);
#endif
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	__sync_fetch_and_add(&slots[slot], 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
