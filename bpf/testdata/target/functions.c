/* A function that is called once for each line of input, with the number of the line. */
#include <stdio.h>

__attribute__((noinline)) int ebpfx_twice(int n) { return 2 * n; }

int main(void)
{
	char line[256];

	for (int n = 1; fgets(line, sizeof(line), stdin); n++) {
		printf("%d\n", ebpfx_twice(n));
		fflush(stdout);
	}
	return 0;
}
