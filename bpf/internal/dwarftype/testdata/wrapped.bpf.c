/* Records that reach the kernel's helpers as void pointers, in the ways that programs have to do that. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define RING(name)                                                                     \
	struct {                                                                       \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                    \
		__uint(max_entries, 4096);                                             \
	} name SEC(".maps")

RING(inlined);
RING(called);
RING(reserved);
RING(either);
RING(through);
RING(headed);
RING(open_ended);
RING(unnamed);
RING(in_block);
RING(nobody_knows);
RING(two_of_a_size);
RING(too_long);
RING(written);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 512);
} heap SEC(".maps");

struct inner_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} held SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, int);
	__array(values, struct inner_ring);
} holder SEC(".maps") = { .values = { &held } };

/* The compiler must not know what becomes of it. */
#define use(pointer) asm volatile("" : : "r"(pointer) : "memory")

static __always_inline void *reserve(void *ring, __u64 size)
{
	return bpf_ringbuf_reserve(ring, size, 0);
}

static __always_inline long submit(void *ctx, void *buf)
{
	bpf_ringbuf_submit(buf, 0);
	return 0;
}

static __noinline long output(void *ring, void *record, __u64 size)
{
	return bpf_ringbuf_output(ring, record, size, 0);
}

struct inlined_event { __u64 first; int second; };

SEC("tp/inlined")
int in_inlined(void *ctx)
{
	struct inlined_event *e = reserve(&inlined, sizeof(*e));

	if (!e)
		return 0;
	e->first = 1;
	return submit(ctx, e);
}

/* Another record may have lain in the same place of the stack. */
struct called_event { __u32 pid; char comm[16]; };
struct called_other { __u64 at[4]; };

SEC("tp/called")
int in_called(void *ctx)
{
	{
		struct called_event e = {};

		bpf_get_current_comm(e.comm, sizeof(e.comm));
		output(&called, &e, sizeof(e));
	}
	{
		struct called_other other = {};

		use(&other);
		output(&called, &other, sizeof(other));
	}
	return 0;
}

struct reserved_event { __u16 a; __u8 b[6]; };

static __noinline void fill(struct reserved_event *e) { e->a = 1; use(e); }

SEC("tp/reserved")
int in_reserved(void *ctx)
{
	void *anything = bpf_ringbuf_reserve(&reserved, sizeof(struct reserved_event), 0);

	if (!anything)
		return 0;
	fill(anything);
	bpf_ringbuf_submit(anything, 0);
	return 0;
}

/* One buffer or another, as tools do that also run where there are no ring buffers. */
struct either_event { __u32 kind; __u64 value; };

volatile const int has_ring = 1;

SEC("tp/either")
int in_either(void *ctx)
{
	struct either_event *e;
	int zero = 0;

	if (has_ring)
		e = bpf_ringbuf_reserve(&either, sizeof(*e), 0);
	else
		e = bpf_map_lookup_elem(&heap, &zero);
	if (!e)
		return 0;
	e->value = 2;
	if (has_ring)
		return submit(ctx, e);
	return bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, (void *)e, sizeof(*e));
}

struct through_event { __s8 x; __s64 y; };

static __always_inline long output_all(const void *record, __u64 size)
{
	return output(&through, (void *)record, size);
}

SEC("tp/through")
int in_through(void *ctx)
{
	struct through_event e = { .x = 3 };

	return output_all(&e, sizeof(e));
}

/* A pointer to what all records begin with, too. */
struct header { __u32 type; __u32 length; };
struct headed_event { struct header h; __u64 rest[3]; };

SEC("tp/headed")
int in_headed(void *ctx)
{
	struct headed_event *e = reserve(&headed, sizeof(*e));
	struct header *h = (void *)e;

	if (!e)
		return 0;
	use(h);
	h->type = 1;
	e->rest[0] = 1;
	return submit(ctx, h);
}

struct open_event { __u32 length; char text[]; };

SEC("tp/open_ended")
int in_open_ended(void *ctx)
{
	struct open_event *e = reserve(&open_ended, sizeof(*e) + 60);

	if (!e)
		return 0;
	e->length = 60;
	return submit(ctx, e);
}

enum sign { MINUS = -1, PLUS = 1 };

typedef struct {
	enum sign sign : 2;
	unsigned int low : 3, high : 27;
	union {
		__u32 v4;
		__u8 v6[16];
	};
	struct { __u8 a[2][3]; _Bool yes; } nested;
	void *pointer;
	const char *text;
} unnamed_event;

SEC("tp/unnamed")
int in_unnamed(void *ctx)
{
	unnamed_event e = { .low = 1 };

	use(&e);
	return output(&unnamed, &e, sizeof(e));
}

SEC("tp/in_block")
int in_in_block(void *ctx)
{
	struct local_event { __u64 only; } *e = reserve(&in_block, sizeof(*e));

	if (!e)
		return 0;
	e->only = 1;
	return submit(ctx, e);
}

SEC("tp/nobody_knows")
int in_nobody_knows(void *ctx)
{
	char bytes[24] = {};

	use(bytes);
	return output(&nobody_knows, bytes, sizeof(bytes));
}

/* Which of them it is, nobody can tell. */
struct one_of_a_size { __u32 a, b; };
struct other_of_a_size { __u64 c; };

SEC("tp/two_of_a_size")
int in_two_of_a_size(void *ctx)
{
	void *record = reserve(&two_of_a_size, 8);
	struct one_of_a_size *one = record;
	struct other_of_a_size *other = record;

	if (!record)
		return 0;
	if (has_ring) {
		use(one);
		one->a = 1;
	} else {
		use(other);
		other->c = 1;
	}
	return submit(ctx, record);
}

/* A struct that is only the beginning is not the record. */
SEC("tp/too_long")
int in_too_long(void *ctx)
{
	struct header *h = reserve(&too_long, 200);

	if (!h)
		return 0;
	h->type = 1;
	return submit(ctx, h);
}

struct held_event { __u64 when; __u32 who; };

SEC("tp/held")
int in_held(void *ctx)
{
	int zero = 0;
	void *ring = bpf_map_lookup_elem(&holder, &zero);
	struct held_event e = {};

	use(&e);
	if (ring)
		output(ring, &e, sizeof(e));
	return 0;
}

struct written_event { __u32 n; char rest[20]; };

SEC("tp/written")
int in_written(void *ctx)
{
	struct written_event e = {};
	struct bpf_dynptr room;

	use(&e);
	bpf_ringbuf_reserve_dynptr(&written, sizeof(e), 0, &room);
	bpf_dynptr_write(&room, 0, (void *)&e, sizeof(e), 0);
	bpf_ringbuf_submit_dynptr(&room, 0);
	return 0;
}

#ifdef SHOWN
/* What BTF makes of these types itself. */
struct {
	struct inlined_event a; struct called_event b; struct called_other c; struct reserved_event d; struct either_event e;
	struct through_event f; struct headed_event g; unnamed_event i; struct held_event j; struct written_event k;
} shown;
#endif

char LICENSE[] SEC("license") = "GPL";
