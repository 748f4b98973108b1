// SPDX-License-Identifier: Apache-2.0
/*
 * What one would write by hand: a reader on libbpf that prints each event of a ring buffer as a line of JSON.
 *
 *	reader OBJECT EVENTS OUTPUT
 *
 * It says "ready" once all programs are attached, and the nanoseconds between the first event and the last in the end.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct event {
	unsigned long long sequence, time;
	unsigned int pid, size;
	char comm[16];
	unsigned long long value[3];
};

static FILE *out;
static long seen, limit;
static struct timespec started;

static int print(void *ctx, void *data, size_t size)
{
	const struct event *e = data;

	(void)ctx;
	(void)size;
	if (seen++ == 0)
		clock_gettime(CLOCK_MONOTONIC, &started);
	fprintf(out, "{\"sequence\":%llu,\"time\":%llu,\"pid\":%u,\"size\":%u,\"comm\":\"%.16s\",\"value\":[%llu,%llu,%llu]}\n",
		e->sequence, e->time, e->pid, e->size, e->comm, e->value[0], e->value[1], e->value[2]);
	return seen >= limit ? -1 : 0;
}

static void check(int failed, const char *what)
{
	if (failed) {
		perror(what);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	struct ring_buffer *ring;
	struct timespec ended;

	check(argc != 4, "reader OBJECT EVENTS OUTPUT");
	limit = atol(argv[2]);
	out = fopen(argv[3], "w");
	check(!out, argv[3]);
	object = bpf_object__open_file(argv[1], NULL);
	check(!object, argv[1]);
	check(bpf_object__load(object) != 0, "load");
	bpf_object__for_each_program(program, object)
		check(!bpf_program__attach(program), "attach");
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), print, NULL, NULL);
	check(!ring, "ring buffer");
	puts("ready");
	fflush(stdout);
	while (seen < limit)
		ring_buffer__poll(ring, 100);
	fclose(out);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%lld\n", (ended.tv_sec - started.tv_sec) * 1000000000LL + ended.tv_nsec - started.tv_nsec);
	return 0;
}
