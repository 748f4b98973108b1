// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Reads an argument out of an array, for which usdt.bpf.h has room in its specs since libbpf 1.7. Members are called as there. */
#include "kernel.h"

enum arg_type { ARG_SIB = 3 };

struct arg_spec {
	__u64 val_off;
	enum arg_type arg_type : 8;
	__u16 idx_reg_off : 12;
	__u16 scale_bitshift : 4;
	__u8 __reserved : 8;
	short reg_off;
	bool arg_signed;
	char arg_bitshift;
};

struct spec {
	struct arg_spec args[12];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, struct spec);
} __bpf_usdt_specs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} elements SEC(".maps");

struct element {
	__u32 type;
	__s32 count;
	__u64 value;
};

extern const bool LINUX_HAS_BPF_COOKIE __kconfig;

SEC("usdt")
int on_indexed(void *ctx)
{
	/* Without cookies, a program is loaded for each spec that is told that there are. */
	int id = LINUX_HAS_BPF_COOKIE ? (int)bpf_get_attach_cookie(ctx) : -1;
	struct spec *spec = bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
	unsigned long base = 0, index = 0;
	struct arg_spec *arg;
	struct element *e;

	if (!spec)
		return 0;
	e = bpf_ringbuf_reserve(&elements, sizeof(*e), 0);
	if (!e)
		return 0;
	arg = &spec->args[0];
	e->type = arg->arg_type;
	e->count = spec->arg_cnt;
	e->value = 0;
	bpf_probe_read_kernel(&base, sizeof(base), ctx + arg->reg_off);
	bpf_probe_read_kernel(&index, sizeof(index), ctx + arg->idx_reg_off);
	bpf_probe_read_user(&e->value, sizeof(e->value), (void *)(base + (index << arg->scale_bitshift) + arg->val_off));
	e->value = e->value << arg->arg_bitshift >> arg->arg_bitshift;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
