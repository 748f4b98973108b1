/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * libbpf's header of this name, and what versions after 1.1 (that of Debian 12) have added to it, where it lacks that. Found before
 * libbpf's own.
 */

/* Later versions include it. Before the types that it needs they would fail, too. */
#if defined(__VMLINUX_H__) || defined(__LINUX_BPF_H__) || defined(_UAPI__LINUX_BPF_H__)
#include <bpf/bpf_helpers.h>
#endif

#include_next <bpf/bpf_core_read.h>

#ifndef __EBPFX_COMPAT_BPF_CORE_READ_H
#define __EBPFX_COMPAT_BPF_CORE_READ_H

/* A pointer that a program may follow to read what lies there as a type, without a helper; for kernels from 6.5 on. */
#ifndef bpf_core_cast
extern void *bpf_rdonly_cast(const void *object, __u32 type)
	__attribute__((section(".ksyms"), weak));
#define bpf_core_cast(pointer, type)                                                   \
	((__typeof__(type) *)bpf_rdonly_cast((pointer), bpf_core_type_id_kernel(__typeof__(type))))
#endif

#endif /* __EBPFX_COMPAT_BPF_CORE_READ_H */
