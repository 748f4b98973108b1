/* Probes with arguments of every size and sign, wherever a compiler may put them. The probes fire once for each line of input. */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
#include <stdint.h>
#include <stdio.h>

#define SEMAPHORE(name) unsigned short ebpfx_##name##_semaphore __attribute__((section(".probes")))
SEMAPHORE(registers);
SEMAPHORE(memory);
SEMAPHORE(constants);
SEMAPHORE(indexed);
SEMAPHORE(global);
SEMAPHORE(places);
SEMAPHORE(plain);
SEMAPHORE(guarded);
SEMAPHORE(real);

struct every {
	int8_t s8;
	uint8_t u8;
	int16_t s16;
	uint16_t u16;
	int32_t s32;
	uint32_t u32;
	int64_t s64;
	uint64_t u64;
};

int32_t counter = -77;
static uint16_t table[8] = {11, 22, 33, 44, 55, 66, 77, 88};

/* What the compiler knows nothing of. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))
#define MEMORY(x) __asm__ volatile("" : "+m"(x))

__attribute__((noinline)) static void registers(struct every *e)
{
	int8_t s8 = e->s8;
	uint8_t u8 = e->u8;
	int16_t s16 = e->s16;
	uint16_t u16 = e->u16;
	int32_t s32 = e->s32;
	uint32_t u32 = e->u32;
	int64_t s64 = e->s64;
	uint64_t u64 = e->u64;

	OPAQUE(s8);
	OPAQUE(u8);
	OPAQUE(s16);
	OPAQUE(u16);
	OPAQUE(s32);
	OPAQUE(u32);
	OPAQUE(s64);
	OPAQUE(u64);
	STAP_PROBE8(ebpfx, registers, s8, u8, s16, u16, s32, u32, s64, u64);
}

__attribute__((noinline)) static void memory(struct every *e)
{
	struct every own = *e;

	MEMORY(own);
	STAP_PROBE8(ebpfx, memory, own.s8, own.u8, own.s16, own.u16, own.s32, own.u32, own.s64, own.u64);
}

__attribute__((noinline)) static void constants(void)
{
	STAP_PROBE8(ebpfx, constants, (int8_t)-1, (uint8_t)200, (int16_t)-300, (uint16_t)60000, -5, 4000000000u, INT64_C(-6000000000), UINT64_C(7));
}

__attribute__((noinline)) static void indexed(unsigned long i)
{
	uint16_t own[8];

	for (int n = 0; n < 8; n++)
		own[n] = table[n] + 100;
	OPAQUE(i);
	MEMORY(own);
	STAP_PROBE2(ebpfx, indexed, own[i], i);
}

__attribute__((noinline)) static void global(void)
{
	STAP_PROBE1(ebpfx, global, counter);
}

__attribute__((noinline)) static void real(double d, long n)
{
	STAP_PROBE2(ebpfx, real, d, n);
}

/* One probe in several places, each with its argument elsewhere. */
__attribute__((always_inline)) static inline void place(long n) { STAP_PROBE1(ebpfx, places, n); }

__attribute__((noinline)) static void places(long n)
{
	long stored = 2;

	place(1);
	MEMORY(stored);
	place(stored);
	OPAQUE(n);
	place(n);
	place(4);
}

int main(void)
{
	struct every e = {-8, 248, -1600, 64000, -320000, 4000000000u, INT64_C(-6400000000), UINT64_C(18446744073709551000)};
	char line[256];

	MEMORY(e);
	while (fgets(line, sizeof(line), stdin)) {
		registers(&e);
		memory(&e);
		constants();
		indexed(3);
		global();
		real(1.5, 42);
		places(3);
		STAP_PROBE(ebpfx, plain);
		if (ebpfx_guarded_semaphore)
			STAP_PROBE1(ebpfx, guarded, ebpfx_guarded_semaphore);
		puts(ebpfx_guarded_semaphore ? "watched" : "unwatched");
		fflush(stdout);
	}
	return 0;
}
