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

/*
 * Writes a bit field to memory that the program may write. In the number that its bytes are, the field is what two shifts leave: left by
 * LSHIFT_U64, to the highest bits of 64, and right by RSHIFT_U64, to the lowest.
 */
#ifndef BPF_CORE_WRITE_BITFIELD
#define BPF_CORE_WRITE_BITFIELD(s, field, value)                                       \
	({                                                                             \
		void *__ebpfx_at = (void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET);   \
		unsigned int __ebpfx_left = __CORE_RELO(s, field, LSHIFT_U64);         \
		unsigned int __ebpfx_right = __CORE_RELO(s, field, RSHIFT_U64);        \
		__u64 __ebpfx_mask = ~0ULL << __ebpfx_right >> __ebpfx_left;           \
		__u64 __ebpfx_bits = (__u64)(value) << __ebpfx_right >> __ebpfx_left;  \
		switch (__CORE_RELO(s, field, BYTE_SIZE)) {                            \
		case 1:                                                                \
			__ebpfx_put_bits(__u8);                                        \
			break;                                                         \
		case 2:                                                                \
			__ebpfx_put_bits(__u16);                                       \
			break;                                                         \
		case 4:                                                                \
			__ebpfx_put_bits(__u32);                                       \
			break;                                                         \
		case 8:                                                                \
			__ebpfx_put_bits(__u64);                                       \
			break;                                                         \
		}                                                                      \
	})
#define __ebpfx_put_bits(type)                                                         \
	(*(type *)__ebpfx_at = (*(type *)__ebpfx_at & ~__ebpfx_mask) | __ebpfx_bits)
#endif

#endif /* __EBPFX_COMPAT_BPF_CORE_READ_H */
