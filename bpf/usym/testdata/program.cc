// Tells where its functions are, and waits for its input to end.
#include <cstdio>
#include <unistd.h>

namespace shop {
template <typename T> struct Cart {
	T sum = 0;
	__attribute__((noinline)) T add(T n);
};
template <typename T> T Cart<T>::add(T n)
{
	asm volatile("nop\n\tnop");
	return sum += n;
}
__attribute__((noinline)) long total(Cart<int> &c, int n)
{
	asm volatile("nop\n\tnop");
	return c.add(n);
}
}

int main()
{
	shop::Cart<int> c;
	auto method = &shop::Cart<int>::add;
	char b;

	std::printf("method %p\nfree %p\n\n", *reinterpret_cast<void **>(&method), reinterpret_cast<void *>(&shop::total));
	std::fflush(stdout);
	shop::total(c, 1);
	while (read(0, &b, 1) > 0)
		;
}
