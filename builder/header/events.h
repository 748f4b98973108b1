/*
 * What ebpfx puts in front of every source (clang -include), so that an object says which type of record
 * each of its streams carries. Clang leaves the types of local variables out of BTF, so where a
 * program sends "e", the object would not know what e is.
 *
 * Each call that sends a record also declares two static variables, one directly after the other:
 *
 *	FUNC.__ebpfx_data	a pointer to what the call is given as the record: its BTF is VAR -> PTR -> PTR -> STRUCT
 *	FUNC.__ebpfx_stream	"KIND:MAP", the map argument as written in the source
 *
 * and each bpf_ringbuf_reserve one, FUNC.__ebpfx_reserve, with its map argument: it tells
 * where a bpf_ringbuf_submit of the same function sends to. They are all in the section .ebpfx.events, which no loader
 * looks at. No instruction is added: code sections stay the same to the byte.
 *
 * A call through the plain name only is seen. (name)(...) and pointers to it are left alone.
 */
#ifndef __EBPFX_EVENTS_H
#define __EBPFX_EVENTS_H

#define __ebpfx_section __attribute__((used, section(".ebpfx.events")))

#define __ebpfx_text(...) #__VA_ARGS__

/*
 * A pointer to p's type, not one of that type: it is no constant even where p is one, which would be
 * read-only and a stranger in its section, and p may be an array, too.
 */
#define __ebpfx_send(kind, map, ...)                                                   \
	static __typeof__(__VA_ARGS__) *__ebpfx_data __ebpfx_section;                  \
	static char __ebpfx_stream[] __ebpfx_section = kind ":" __ebpfx_text(map);

#define bpf_ringbuf_reserve(map, size, flags)                                          \
	({                                                                             \
		static char __ebpfx_reserve[] __ebpfx_section = __ebpfx_text(map);     \
		(bpf_ringbuf_reserve)(map, size, flags);                               \
	})

#define bpf_ringbuf_submit(data, flags)                                                \
	({                                                                             \
		__ebpfx_send("submit", , data)                                         \
		(bpf_ringbuf_submit)(data, flags);                                     \
	})

/*
 * The record may be written in place, &(struct event){ 1, 2 }, which the preprocessor takes for several arguments: these are
 * what stands before the last two, or before the last one.
 */
#define __ebpfx_count(...) __ebpfx_tenth(__VA_ARGS__, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define __ebpfx_tenth(a, b, c, d, e, f, g, h, i, n, ...) n
#define __ebpfx_join_now(a, b) a##b
#define __ebpfx_join(a, b) __ebpfx_join_now(a, b)
#define __ebpfx_but1_2(a, b) a
#define __ebpfx_but1_3(a, b, c) a, b
#define __ebpfx_but1_4(a, b, c, d) a, b, c
#define __ebpfx_but1_5(a, b, c, d, e) a, b, c, d
#define __ebpfx_but1_6(a, b, c, d, e, f) a, b, c, d, e
#define __ebpfx_but1_7(a, b, c, d, e, f, g) a, b, c, d, e, f
#define __ebpfx_but1_8(a, b, c, d, e, f, g, h) a, b, c, d, e, f, g
#define __ebpfx_but1_9(a, b, c, d, e, f, g, h, i) a, b, c, d, e, f, g, h
#define __ebpfx_but2_3(a, b, c) a
#define __ebpfx_but2_4(a, b, c, d) a, b
#define __ebpfx_but2_5(a, b, c, d, e) a, b, c
#define __ebpfx_but2_6(a, b, c, d, e, f) a, b, c, d
#define __ebpfx_but2_7(a, b, c, d, e, f, g) a, b, c, d, e
#define __ebpfx_but2_8(a, b, c, d, e, f, g, h) a, b, c, d, e, f
#define __ebpfx_but2_9(a, b, c, d, e, f, g, h, i) a, b, c, d, e, f, g
#define __ebpfx_but_last(...)                                                          \
	__ebpfx_join(__ebpfx_but1_, __ebpfx_count(__VA_ARGS__))(__VA_ARGS__)
#define __ebpfx_record(...)                                                            \
	__ebpfx_join(__ebpfx_but2_, __ebpfx_count(__VA_ARGS__))(__VA_ARGS__)

#define bpf_ringbuf_output(map, data, size, ...)                                       \
	({                                                                             \
		__ebpfx_send("output", map, __ebpfx_record(data, size, __VA_ARGS__))   \
		(bpf_ringbuf_output)(map, data, size, __VA_ARGS__);                    \
	})

#define bpf_perf_event_output(ctx, map, flags, data, ...)                              \
	({                                                                             \
		__ebpfx_send("perf", map, __ebpfx_but_last(data, __VA_ARGS__))         \
		(bpf_perf_event_output)(ctx, map, flags, data, __VA_ARGS__);           \
	})

#define bpf_skb_output(ctx, map, flags, data, size)                                    \
	({                                                                             \
		__ebpfx_send("skb", map, data)                                         \
		(bpf_skb_output)(ctx, map, flags, data, size);                         \
	})

#define bpf_xdp_output(ctx, map, flags, data, size)                                    \
	({                                                                             \
		__ebpfx_send("xdp", map, data)                                         \
		(bpf_xdp_output)(ctx, map, flags, data, size);                         \
	})

/* Records of an iterator, or text of it. */
#define bpf_seq_write(seq, data, len)                                                  \
	({                                                                             \
		__ebpfx_send("seq", , data)                                            \
		(bpf_seq_write)(seq, data, len);                                       \
	})

/*
 * A record that is reserved as a dynptr has the type of what is written to its beginning. Of a write to
 * another place the header says void, and what else a dynptr may be of, only a function that reserves says.
 */
#define bpf_ringbuf_reserve_dynptr(map, size, flags, ptr)                              \
	({                                                                             \
		static char __ebpfx_reserve[] __ebpfx_section = __ebpfx_text(map);     \
		(bpf_ringbuf_reserve_dynptr)(map, size, flags, ptr);                   \
	})

#define bpf_dynptr_write(dst, offset, src, ...)                                        \
	({                                                                             \
		__ebpfx_send("dynptr", ,                                               \
			     __builtin_choose_expr(                                    \
				     __builtin_constant_p(offset) ? !(offset) : 0,     \
				     src, (void *)0))                                  \
		(bpf_dynptr_write)(dst, offset, src, ##__VA_ARGS__);                   \
	})

#endif /* __EBPFX_EVENTS_H */
