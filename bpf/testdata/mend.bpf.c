// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What libbpf takes and cilium/ebpf does not, or reads otherwise. */
#include "kernel.h"

extern __u32 LINUX_KERNEL_VERSION __kconfig; /* of typedef type */
extern bool LINUX_HAS_BPF_COOKIE __kconfig;
extern int LINUX_HAS_SYSCALL_WRAPPER __kconfig __weak;
extern int LINUX_HAS_WINGS __kconfig __weak;
extern bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_BPF __kconfig __weak;
extern char CONFIG_NET __kconfig __weak;
extern unsigned long CONFIG_HZ __kconfig;
extern char CONFIG_CC_VERSION_TEXT[6] __kconfig;
extern bool CONFIG_EBPFX_NO_SUCH_OPTION __kconfig __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4097);
} odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
} unsized_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32)); /* beside the type */
	__type(key, __u32);
	__type(value, __u32);
	__uint(value_size, sizeof(__u32));
	__uint(numa_node, 0);
} weak SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
} unsized SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
} stacks SEC(".maps");

/* What a map of maps holds may have a name of its own. */
typedef struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
	__uint(value_size, sizeof(__u32));
} inner_t;

inner_t inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, const inner_t);
} outer SEC(".maps") = { .values = { &inner } };

__u32 apart SEC(".bss.apart");

struct version {
	__u32 kernel, count;
	__u8 cookie, wrapper, wings, syscall, modular, net, missing;
	__u32 hz;
	char compiler[6];
	__s32 stack;
	__u32 apart;
};

/* Verified where it is called: by itself it would be refused, since nothing would be known of v. */
__hidden __weak int fill(struct version *v, int cookie)
{
	__builtin_memset(v, 0, sizeof(*v));
	v->cookie = cookie;
	return 0;
}

/* Its address is taken. */
__hidden __weak long add(__u32 i, void *total)
{
	*(__u32 *)total += i;
	return 0;
}

SEC("tp/syscalls/sys_enter_getppid")
int send(void *ctx)
{
	__u32 key = 0, one = 1;
	struct version *v;

	bpf_map_update_elem(&weak, &key, &one, 0);
	bpf_map_update_elem(&unsized, &key, &one, 0);
	v = bpf_ringbuf_reserve(&odd, sizeof(*v), 0);
	if (!v)
		return 0;
	fill(v, LINUX_HAS_BPF_COOKIE);
	v->kernel = LINUX_KERNEL_VERSION;
	v->count = one;
	v->wrapper = LINUX_HAS_SYSCALL_WRAPPER;
	v->wings = LINUX_HAS_WINGS;
	v->syscall = CONFIG_BPF_SYSCALL;
	v->modular = CONFIG_BPF;
	v->net = CONFIG_NET;
	v->missing = CONFIG_EBPFX_NO_SUCH_OPTION;
	v->hz = CONFIG_HZ;
	__builtin_memcpy(v->compiler, CONFIG_CC_VERSION_TEXT, sizeof(v->compiler));
	v->stack = bpf_get_stackid(ctx, &stacks, 0);
	v->apart = ++apart;
	bpf_ringbuf_submit(v, 0);
	one = 0;
	bpf_loop(4, add, &one, 0);
	bpf_ringbuf_output(&unsized_ring, &one, sizeof(one), 0);
	return 0;
}

/* Loaded when asked for. */
SEC("?tp/syscalls/sys_enter_getppid")
int optional(void *ctx)
{
	return 0;
}

/* Nobody knows what it is for but the project. */
SEC("my_own_name")
int custom(void *ctx)
{
	return 0;
}

/* Sections by the names of before libbpf 1.0. */
SEC("xdp_pass")
int legacy_xdp(void *ctx)
{
	return 2; /* XDP_PASS */
}

SEC("classifier_egress")
int legacy_classifier(void *ctx)
{
	return 0;
}

struct operations {
	int (*run)(void *ctx);
};

SEC("struct_ops/run")
int run(void *ctx)
{
	return 0;
}

SEC(".struct_ops")
struct operations operations = { .run = run };

char LICENSE[] SEC("license") = "GPL";
