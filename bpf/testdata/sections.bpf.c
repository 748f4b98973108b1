// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Sections that say too little, or nothing at all. */
#include "kernel.h"

SEC("tp/syscalls/sys_enter_getppid")
int works(void *ctx)
{
	return 0;
}

SEC("tracepiont/syscalls/sys_enter_getppid")
int misspelt(void *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_enter_getpidd")
int no_such_event(void *ctx)
{
	return 0;
}

SEC("uprobe")
int no_target(void *ctx)
{
	return 0;
}

SEC("syscall")
int runs_once(void *ctx)
{
	return 0;
}

SEC("tc")
int no_direction(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_swich")
int no_such_tracepoint(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
