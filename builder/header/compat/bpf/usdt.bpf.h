/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * libbpf's header of this name, and what version 1.6 has added to it, where it lacks that. Found before libbpf's own.
 */
#include_next <bpf/usdt.bpf.h>

#ifndef __EBPFX_COMPAT_USDT_BPF_H
#define __EBPFX_COMPAT_USDT_BPF_H

/* A function is nothing that the preprocessor could ask for. */
#if __has_include(<bpf/libbpf_version.h>)
#include <bpf/libbpf_version.h>
#if LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION < 6

/* The size of an argument in bytes, or a negative error. */
static __always_inline int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 number)
{
	int id = __bpf_usdt_spec_id(ctx);
	struct __bpf_usdt_spec *spec = id < 0 ? (void *)0 : bpf_map_lookup_elem(&__bpf_usdt_specs, &id);

	if (!spec)
		return -ESRCH;
	if (number >= BPF_USDT_MAX_ARG_CNT)
		return -ENOENT;
	barrier_var(number); /* for the verifier to see both bounds */
	if (number >= spec->arg_cnt)
		return -ENOENT;
	return (unsigned int)(64 - spec->args[number].arg_bitshift) / 8;
}

#endif
#endif

#endif /* __EBPFX_COMPAT_USDT_BPF_H */
