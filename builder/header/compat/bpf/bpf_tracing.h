/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * libbpf's header of this name, and what versions after 1.1 (that of Debian 12) have added to it, where it lacks that. Found before
 * libbpf's own.
 */

/* Later versions include it. Before the types that it needs they would fail, too. */
#if defined(__VMLINUX_H__) || defined(__LINUX_BPF_H__) || defined(_UAPI__LINUX_BPF_H__)
#include <bpf/bpf_helpers.h>
#endif

#include_next <bpf/bpf_tracing.h>

#ifndef __EBPFX_COMPAT_BPF_TRACING_H
#define __EBPFX_COMPAT_BPF_TRACING_H

/* A uprobe finds its arguments where a kprobe does. */
#ifndef BPF_UPROBE
#define BPF_UPROBE(name, ...) BPF_KPROBE(name, ##__VA_ARGS__)
#endif
#ifndef BPF_URETPROBE
#define BPF_URETPROBE(name, ...) BPF_KRETPROBE(name, ##__VA_ARGS__)
#endif

/* Arguments from the sixth on, on the architectures that pass them in registers. */
#if defined(__TARGET_ARCH_x86)
#define __ebpfx_parm6 r9
#elif defined(__TARGET_ARCH_arm64)
#define __ebpfx_parm6 regs[5]
#define __ebpfx_parm7 regs[6]
#define __ebpfx_parm8 regs[7]
#endif

#if defined(__ebpfx_parm6) && !defined(PT_REGS_PARM6)
#define PT_REGS_PARM6(regs) (__PT_REGS_CAST(regs)->__ebpfx_parm6)
#define PT_REGS_PARM6_CORE(regs) BPF_CORE_READ(__PT_REGS_CAST(regs), __ebpfx_parm6)
#endif
#if defined(__ebpfx_parm6) && !defined(PT_REGS_PARM6_SYSCALL)
#define PT_REGS_PARM6_SYSCALL(regs) PT_REGS_PARM6(regs)
#define PT_REGS_PARM6_CORE_SYSCALL(regs) PT_REGS_PARM6_CORE(regs)
#endif
#if defined(__ebpfx_parm7) && !defined(PT_REGS_PARM7)
#define PT_REGS_PARM7(regs) (__PT_REGS_CAST(regs)->__ebpfx_parm7)
#define PT_REGS_PARM7_CORE(regs) BPF_CORE_READ(__PT_REGS_CAST(regs), __ebpfx_parm7)
#define PT_REGS_PARM8(regs) (__PT_REGS_CAST(regs)->__ebpfx_parm8)
#define PT_REGS_PARM8_CORE(regs) BPF_CORE_READ(__PT_REGS_CAST(regs), __ebpfx_parm8)
#endif

/* BPF_KPROBE and its kin, and BPF_KSYSCALL, with as many arguments. */
#ifndef ___bpf_kprobe_args6
#define ___bpf_kprobe_args6(x, args...) ___bpf_kprobe_args5(args), (void *)PT_REGS_PARM6(ctx)
#define ___bpf_kprobe_args7(x, args...) ___bpf_kprobe_args6(args), (void *)PT_REGS_PARM7(ctx)
#define ___bpf_kprobe_args8(x, args...) ___bpf_kprobe_args7(args), (void *)PT_REGS_PARM8(ctx)
#endif
#ifndef ___bpf_syscall_args6
#define ___bpf_syscall_args6(x, args...) ___bpf_syscall_args5(args), (void *)PT_REGS_PARM6_SYSCALL(regs)
#endif
#ifndef ___bpf_syswrap_args6
#define ___bpf_syswrap_args6(x, args...) ___bpf_syswrap_args5(args), (void *)PT_REGS_PARM6_CORE_SYSCALL(regs)
#endif

#endif /* __EBPFX_COMPAT_BPF_TRACING_H */
