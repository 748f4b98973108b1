// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Opens, loads and attaches the skeleton, and prints how many nanoseconds that took. */
#include <stdio.h>
#include <time.h>

#include "five.skel.h"

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void)
{
	long long began = now();
	struct five_bpf *skeleton = five_bpf__open();

	if (!skeleton || five_bpf__load(skeleton) || five_bpf__attach(skeleton))
		return 1;
	printf("%lld\n", now() - began);
	five_bpf__destroy(skeleton);
	return 0;
}
