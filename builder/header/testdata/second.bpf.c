// A source to be linked with calls.bpf.c.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} more SEC(".maps");

struct second {
	int s;
};

SEC("tracepoint/syscalls/sys_enter_openat")
int second(void *ctx)
{
	struct second s = { 1 };

	bpf_ringbuf_output(&more, &s, sizeof(s), 0);
	return 0;
}

char SECOND_LICENSE[] SEC("license") = "GPL";
