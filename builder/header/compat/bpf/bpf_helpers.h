/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * libbpf's header of this name, and what versions after 1.1 (that of Debian 12) have added to it, where it lacks that. Found before
 * libbpf's own, which the next line includes.
 */
#include_next <bpf/bpf_helpers.h>

#ifndef __EBPFX_COMPAT_BPF_HELPERS_H
#define __EBPFX_COMPAT_BPF_HELPERS_H

/* No macros: sources that were written for libbpf 1.1 go on to define their own, which would be redefinitions of these. */
#ifndef likely
static inline __attribute__((always_inline, nodebug)) _Bool likely(_Bool condition)
{
	return __builtin_expect(condition, 1);
}
#endif
#ifndef unlikely
static inline __attribute__((always_inline, nodebug)) _Bool unlikely(_Bool condition)
{
	return __builtin_expect(condition, 0);
}
#endif

#ifndef __ulong
#define __ebpfx_join_now(a, b) a##b
#define __ebpfx_join(a, b) __ebpfx_join_now(a, b)
/* A number of 64 bits in the definition of a map. */
#define __ulong(name, value) enum { __ebpfx_join(__ebpfx_value, __COUNTER__) = value } name
#endif

/* Kinds of pointers to the kernel's objects in the values of maps. */
#ifndef __kptr_untrusted
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#endif
#ifndef __percpu_kptr
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#endif
#ifndef __uptr
#define __uptr __attribute__((btf_type_tag("uptr")))
#endif

/* What the verifier may take for granted of the arguments of a global function. */
#define __ebpfx_argument(what) __attribute__((btf_decl_tag("arg:" what)))
#ifndef __arg_ctx
#define __arg_ctx __ebpfx_argument("ctx")
#endif
#ifndef __arg_nonnull
#define __arg_nonnull __ebpfx_argument("nonnull")
#endif
#ifndef __arg_nullable
#define __arg_nullable __ebpfx_argument("nullable")
#endif
#ifndef __arg_trusted
#define __arg_trusted __ebpfx_argument("trusted")
#endif
#ifndef __arg_untrusted
#define __arg_untrusted __ebpfx_argument("untrusted")
#endif
#ifndef __arg_arena
#define __arg_arena __ebpfx_argument("arena")
#endif

/* Whether the running kernel has a weak __ksym. */
#ifndef bpf_ksym_exists
#define bpf_ksym_exists(symbol) (!!(symbol))
#endif

/*
 * Loops that the verifier follows once, for kernels from 6.4 on. An iterator is opened by bpf_iter_KIND_new, read by _next until that
 * returns NULL, and closed by _destroy, however the loop is left.
 */
#ifndef bpf_for

/*
 * Linux 6.4 brought the struct. A project may have a linux/bpf.h that is newer than the system's other headers: one of 6.3 or later
 * shows by a macro.
 */
#ifndef __VMLINUX_H__
#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0) &&                                    \
	(!defined(BPF_F_XDP_DEV_BOUND_ONLY) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0))
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));
#endif
#endif

struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __attribute__((weak)) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __attribute__((weak)) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __attribute__((weak)) __ksym;

/*
 * Declares, in the head of a for loop, the iterator "it" and opens it: ___it, as in libbpf, since sources pass it on. clang describes a
 * function that only a clean-up calls in no BTF, hence its bare mention.
 */
#define __ebpfx_iterate(kind, it, ...)                                                 \
	struct bpf_iter_##kind it                                                      \
		__attribute__((aligned(8), cleanup(bpf_iter_##kind##_destroy))),       \
	*it##_opened __attribute__((unused)) =                                         \
		(bpf_iter_##kind##_new(&it, ##__VA_ARGS__),                            \
		 (void)bpf_iter_##kind##_destroy, (void *)0)

/* for each element "current" of an iterator of that kind */
#ifndef bpf_for_each
#define bpf_for_each(kind, current, ...)                                               \
	for (__ebpfx_iterate(kind, ___it, ##__VA_ARGS__);                              \
	     ((current) = bpf_iter_##kind##_next(&___it));)
#endif

/*
 * for (i = start; i < end; i++). The comparison is one that holds anyway; by it the verifier learns the bounds of i.
 */
#define bpf_for(i, start, end)                                                         \
	for (__ebpfx_iterate(num, ___it, (start), (end));                              \
	     ({                                                                        \
		     int *__ebpfx_next = bpf_iter_num_next(&___it);                    \
		     __ebpfx_next && ((i) = *__ebpfx_next,                             \
				      (i) >= (start) && (i) < (end));                  \
	     });)

#ifndef bpf_repeat
/* n times */
#define bpf_repeat(n)                                                                  \
	for (__ebpfx_iterate(num, ___it, 0, (n)); bpf_iter_num_next(&___it);)
#endif

#endif /* bpf_for */

#endif /* __EBPFX_COMPAT_BPF_HELPERS_H */
