// Every call that sends a record, and every shape that its arguments take.
#include <linux/bpf.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps"), others SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

#define PERF &perf
#define SEND(map, p) bpf_ringbuf_output(&map, p, sizeof(*p), 0)

struct inner {
	int z;
};

struct event {
	int a;
	struct inner *p;
	char c[16];
};

typedef struct {
	long q;
} other_t;

union either {
	int i;
	long l;
};

struct iter_meta {
	struct seq_file *seq;
};

struct iter_task {
	struct iter_meta *meta;
};

static __always_inline int inlined(void *ctx, other_t *o)
{
	return bpf_perf_event_output(ctx, PERF, BPF_F_CURRENT_CPU, o, sizeof(*o));
}

static __attribute__((noinline)) int called(struct event *e)
{
	return bpf_ringbuf_output(&others, e, sizeof(*e), 0) ? 1 : e->a;
}

static __attribute__((unused)) int unused(union either *u)
{
	return bpf_ringbuf_output(&others, u, sizeof(*u), 0);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int reserve(void *ctx)
{
	struct event *e;

	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->a = bpf_get_current_pid_tgid();
	if (e->a > 3) {
		bpf_ringbuf_discard(e, 0);
		return 0;
	}
	bpf_ringbuf_submit(e, 0);
	if (!(e = bpf_ringbuf_reserve(&others, sizeof(*e), 0)))
		return 0;
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int output(void *ctx)
{
	struct event v = { .a = 3 }, array[2] = {};
	struct event *const constant = &v;
	void *unknown = &v;
	char text[8] = "text";
	union either u = { .l = 1 };

	bpf_ringbuf_output(&events, &v, sizeof(v), 0);
	bpf_ringbuf_output(&events, array, sizeof(array), 0);
	bpf_ringbuf_output(&events, constant, sizeof(v), 0);
	bpf_ringbuf_output(&events, unknown, sizeof(v), 0);
	bpf_ringbuf_output(&events, text, sizeof(text), 0);
	bpf_ringbuf_output(&events, (union either *)&u, sizeof(u), 0);
	SEND(others, constant);
	for (int i = 0; i < 2; i++)
		if (bpf_ringbuf_output(i ? &events : (void *)&others, array + i, sizeof(v), 0))
			return called(&v);
	return bpf_ringbuf_output(&events, &v.a, sizeof(v.a), 0) ?: called(&v);
}

static const struct event fixed = { .a = 5 };

struct nested {
	long first;
	struct event in[2];
};

static __attribute__((noinline)) struct event *next(struct event *e)
{
	e->a++;
	return e;
}

/* What has no name, no place, no address, or is read-only. */
SEC("tracepoint/syscalls/sys_enter_openat")
int shapes(void *ctx)
{
	static const char text[] = "text";
	const struct event *const constant = &fixed;
	const struct event array[2] = {};
	volatile struct event v = {};
	struct nested n = {};
	long longs[3] = { 1 };
	__u64 at = (__u64)&v;
	int i = ctx != 0;

	bpf_ringbuf_output(&events, (void *)text, sizeof(text), 0);
	bpf_ringbuf_output(&events, (char *)text, sizeof(text), 0);
	bpf_perf_event_output(ctx, &perf, 0, (void *)"literal", 8);
	bpf_ringbuf_output(&events, (void *)&fixed, sizeof(fixed), 0);
	bpf_ringbuf_output(&events, (struct event *)constant, sizeof(fixed), 0);
	bpf_ringbuf_output(&events, (struct event *)array, sizeof(array), 0);
	bpf_ringbuf_output(&events, &(struct event){ 6 }, sizeof(struct event), 0);
	bpf_ringbuf_output(&events, &(struct event){ .a = 7, .c = "c" }, sizeof(struct event), 0);
	bpf_perf_event_output(ctx, &perf, 0, (&(union either){ .i = 1 }), sizeof(union either));
	bpf_perf_event_output(ctx, &perf, 0, &(struct nested){ 1, { { 2 } } }, sizeof(struct nested));
	bpf_ringbuf_output(&events, (struct event *)&v, sizeof(v), 0);
	bpf_ringbuf_output(&events, next((struct event *)&v), sizeof(v), 0);
	bpf_ringbuf_output(&events, i++ ? &n.in[1] : n.in, sizeof(v), 0);
	bpf_ringbuf_output(&events, n.in, sizeof(n.in), 0);
	bpf_ringbuf_output(&events, &n.in, sizeof(n.in), 0);
	bpf_ringbuf_output(&events, longs, sizeof(longs), 0);
	bpf_ringbuf_output(&events, (void *)at, sizeof(v), 0);
	bpf_ringbuf_output(&events, NULL, 0, 0);
	bpf_ringbuf_output(&events, 0, 0, 0);
	bpf_ringbuf_output(&events, ({ n.first++; &n; }), sizeof(n), 0);
	return i;
}

SEC("iter/task_file")
int texts(struct iter_task *ctx)
{
	const char local[] = "local";
	const struct event array[2] = {};

	bpf_seq_write(ctx->meta->seq, local, sizeof(local));
	bpf_seq_write(ctx->meta->seq, "literal", 7);
	bpf_seq_write(ctx->meta->seq, array, sizeof(array));
	return 0;
}

SEC("xdp")
int on_xdp(struct xdp_md *ctx)
{
	other_t o = { 1 };

	inlined(ctx, &o);
	bpf_xdp_output(ctx, &perf, BPF_F_CURRENT_CPU, &o, sizeof(o));
	return XDP_PASS;
}

SEC("tc")
int on_tc(struct __sk_buff *ctx)
{
	other_t o = { 2 };

	bpf_skb_output(ctx, &perf, BPF_F_CURRENT_CPU, &o, sizeof(o));
	(bpf_perf_event_output)(ctx, &perf, 0, &o, sizeof(o)); /* not seen */
	return 0;
}

SEC("iter/task")
int on_iter(struct iter_task *ctx)
{
	static const char text[] = "text";
	struct event v = { .a = 4 };

	bpf_seq_write(ctx->meta->seq, &v, sizeof(v));
	return bpf_seq_write(ctx->meta->seq, text, 4) ? 1 : 0;
}

char LICENSE[] SEC("license") = "GPL";
