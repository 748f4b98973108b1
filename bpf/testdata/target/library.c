/* A library with a probe, and with a function of two versions. */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

unsigned short ebpfx_library_semaphore __attribute__((section(".probes")));

__attribute__((noinline)) int ebpfx_call(int n)
{
	if (ebpfx_library_semaphore)
		STAP_PROBE2(ebpfx, library, n, ebpfx_library_semaphore);
	return n + 1;
}

__attribute__((noinline)) int ebpfx_old(int n) { return n + 100; }
__attribute__((noinline)) int ebpfx_new(int n) { return n + 200; }
__asm__(".symver ebpfx_old, ebpfx_versioned@EBPFX_1");
__asm__(".symver ebpfx_new, ebpfx_versioned@@EBPFX_2");
