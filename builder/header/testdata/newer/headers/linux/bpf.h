/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a project's own header has that is newer than the system's. */
#include_next <linux/bpf.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6)
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));
#endif
