// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Variables of the kernel: one that a program reads by its type, and those of which it may be that they are missing. */
#include "kernel.h"

struct softnet_data {
	unsigned int processed;
} __attribute__((preserve_access_index));

struct ebpfx_absent {
	int nothing;
};

extern const struct softnet_data softnet_data __ksym;
extern const struct ebpfx_absent ebpfx_absent __ksym __weak;
extern const void ebpfx_absent_too __ksym __weak;

__u32 processed;
bool absent;

SEC("tp/syscalls/sys_enter_getppid")
int read_variables(void *ctx)
{
	const struct softnet_data *own = bpf_this_cpu_ptr(&softnet_data);

	processed = own->processed;
	absent = !&ebpfx_absent && !&ebpfx_absent_too;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
