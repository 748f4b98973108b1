/* Tells where its functions are, and waits for its input to end. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>

__attribute__((noinline)) static int inner(int n)
{
	asm volatile("nop\n\tnop");
	return n + 1;
}

__attribute__((noinline)) int outer(int n)
{
	asm volatile("nop\n\tnop");
	return inner(n) + 2;
}

int main(void)
{
	char c;
	void *volatile p = malloc;
	void *jit = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("outer %p\ninner %p\nmalloc %p\njit %p\n\n", outer, inner, p, jit);
	fflush(stdout);
	outer(1);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
