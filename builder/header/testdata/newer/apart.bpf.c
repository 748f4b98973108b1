// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Headers that programs rely on with newer versions of libbpf, or with the headers of a 32-bit C library. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

static __always_inline int defined_by_helpers(void) { return 0; }

#include <netinet/in.h>

SEC("tp/syscalls/sys_enter_getppid")
int apart(void *ctx)
{
	return defined_by_helpers() + IPPROTO_TCP;
}

char LICENSE[] SEC("license") = "GPL";
