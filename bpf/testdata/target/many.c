/* 2,000 functions, many_0000 to many_1999, all of which are called once for each line of input. */
#include <stdio.h>

#define FUNCTION(n) __attribute__((noinline)) int many_##n(int x) { __asm__ volatile(""); return x + 1##n; }
#define CALL(n) sum += many_##n(1##n);

#define TEN(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9)
#define HUNDRED(m, n) TEN(m, n##0) TEN(m, n##1) TEN(m, n##2) TEN(m, n##3) TEN(m, n##4) TEN(m, n##5) TEN(m, n##6) TEN(m, n##7) TEN(m, n##8) TEN(m, n##9)
#define THOUSAND(m, n) HUNDRED(m, n##0) HUNDRED(m, n##1) HUNDRED(m, n##2) HUNDRED(m, n##3) HUNDRED(m, n##4) HUNDRED(m, n##5) HUNDRED(m, n##6) HUNDRED(m, n##7) HUNDRED(m, n##8) HUNDRED(m, n##9)

THOUSAND(FUNCTION, 0)
THOUSAND(FUNCTION, 1)

int main(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		long sum = 0;

		THOUSAND(CALL, 0)
		THOUSAND(CALL, 1)
		printf("%ld\n", sum);
		fflush(stdout);
	}
	return 0;
}
