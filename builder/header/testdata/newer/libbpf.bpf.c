// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What newer libbpf's headers define. It is to compile with those of 1.1, with those that have it all, and in any order. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* Sources bring their own since libbpf 1.1 has none, and mean no harm by it. */
#if defined(OWN_MACROS) && !defined(unlikely)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

extern int no_such_function(void) __ksym __weak;

/* The kernel's has another field in the byte, and more behind it. */
struct iphdr {
	__u8 ihl : 4;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 6);
	__type(key, __u32);
	__type(value, __u64);
	__ulong(map_extra, 0);
} sums SEC(".maps");

static __noinline int twice(void *ctx __arg_ctx, int *number __arg_nonnull)
{
	return *number * 2;
}

static __always_inline void store(__u32 key, __u64 sum)
{
	bpf_map_update_elem(&sums, &key, &sum, 0);
}

SEC("tp/syscalls/sys_enter_getppid")
int loops(void *ctx)
{
	__u64 sum = 0;
	int i, *n, number = 21, values[4] = { 1, 2, 3, 4 };

	bpf_for(i, 0, 4)
		sum += values[i]; /* within bounds, and known to be */
	store(0, sum);

	sum = 0;
	bpf_repeat(5) {
		if (sum == 3)
			break;
		sum++;
	}
	store(1, sum);

	sum = 0;
	bpf_for_each(num, n, 2, 5) {
		if (unlikely(*n == 3)) {
			bpf_iter_num_next(&___it); /* by the name that libbpf gives it */
			continue;
		}
		sum += *n;
	}
	store(2, sum);

	{
		__u8 header[20] = { 0xff, 0xff };

		BPF_CORE_WRITE_BITFIELD((struct iphdr *)header, ihl, 0x25); /* of which four bits have room */
		store(4, BPF_CORE_READ_BITFIELD((struct iphdr *)header, ihl));
		store(5, header[0] + header[1]);
	}

	store(3, bpf_ksym_exists(no_such_function) ? 0 : twice(ctx, &number));
	return 0;
}

SEC("uprobe")
int BPF_UPROBE(enter, void *first, int second)
{
	return !first + second;
}

SEC("uprobe")
int BPF_UPROBE(enter_with_six, int a, int b, int c, int d, int e, void *f)
{
	return a + !f;
}

SEC("uretprobe")
int BPF_URETPROBE(leave, int result)
{
	return result;
}

SEC("uretprobe")
int BPF_URETPROBE(leave_plain)
{
	return PT_REGS_PARM6(ctx);
}

char LICENSE[] SEC("license") = "GPL";
