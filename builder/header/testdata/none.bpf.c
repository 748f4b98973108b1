// Nothing is sent, and names that only look like ours are left alone.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct hooks {
	int (*bpf_ringbuf_submit)(int);
	int bpf_ringbuf_output;
};

SEC("socket")
int filter(struct __sk_buff *ctx)
{
	struct hooks h = { .bpf_ringbuf_output = ctx->len };

	return h.bpf_ringbuf_output;
}

char LICENSE[] SEC("license") = "GPL";
