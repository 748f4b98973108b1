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
#define __ebpfx_send(kind, map, p)                                                     \
	static __typeof__(p) *__ebpfx_data __ebpfx_section;                            \
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

#define bpf_ringbuf_output(map, data, size, flags)                                     \
	({                                                                             \
		__ebpfx_send("output", map, data)                                      \
		(bpf_ringbuf_output)(map, data, size, flags);                          \
	})

#define bpf_perf_event_output(ctx, map, flags, data, size)                             \
	({                                                                             \
		__ebpfx_send("perf", map, data)                                        \
		(bpf_perf_event_output)(ctx, map, flags, data, size);                  \
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
