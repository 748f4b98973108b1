// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause

// Variables with initial values: the compiler lays them out, and says how in BTF. The test reads
// them from the object's sections and expects what the initialisers say.

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef char name_t[8];
typedef __s32 pid_t;

struct integers {
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s16 s16;
	__u32 u32;
	__s32 s32;
	__u64 u64;
	__s64 s64;
	_Bool yes;
	_Bool no;
	char c;
	const volatile pid_t pid;
};
struct integers integers = { 255, -128, 65535, -32768, 4294967295u, -2147483647 - 1,
	18446744073709551615ull, -9223372036854775807ll - 1, 1, 0, -1, 4194304 };

struct bits {
	__u32 a : 3;
	__u32 b : 7; // crosses a byte
	__s32 c : 5;
	__u32 d : 17;
	__s64 e : 33;
	__u64 f : 31;
	_Bool g : 1;
	_Bool h : 1;
	__u8 : 3;
	__s8 i : 2;
	__u16 plain;
};
struct bits bits = { 5, 100, -16, 131071, -4294967296ll, 2147483647, 1, 0, -2, 4660 };

struct packed_bits {
	__u8 a : 1;
	__u64 b : 64; // nine bytes
	__s64 c : 63;
	__u32 d;
} __attribute__((packed));
struct packed_bits packed_bits = { 1, 0x8123456789abcdefull, -2, 7 };

enum verdict { ALLOW, DENY = 5, DENY_TOO = 5, ASK = 1000000 };
enum wide { WIDE_LOW = 1, WIDE_HIGH = 0x8000000000000000ull };
struct enums {
	enum verdict allow;
	enum verdict deny;
	enum verdict unnamed;
	enum verdict small : 4;
	enum wide wide;
};
struct enums enums = { ALLOW, DENY, (enum verdict)77, DENY, WIDE_HIGH };

struct text {
	char comm[8];
	char full[4];
	name_t named;
	const char constant[4];
	char lines[2][6];
	char escapes[16];
	__u8 bytes[3];
	__s8 sbytes[2];
	unsigned char ubytes[2];
};
struct text text = { "bash", { 'a', 'b', 'c', 'd' }, "name", "abc", { "first", "two" },
	"q\" b\\ n\n x\001\377", { 1, 2, 255 }, { -1, 1 }, { 'a', 'b' } };

struct inner {
	__u16 x;
	__u32 y;
};
struct nested {
	struct inner in;
	struct inner many[2];
	struct {
		__u8 a;
		union {
			__u32 b;
			struct {
				__be16 c;
				__u8 d : 4;
				__u8 e : 4;
			};
		};
	};
	union {
		__u32 v4;
		__u8 v6[4];
	} addr;
	struct { } nothing;
	__s16 grid[2][3];
	float f;
	double g;
};
struct nested nested = { .in = { 1, 2 }, .many = { { 3, 4 }, { 5, 6 } }, .a = 7, .b = 0x21000908,
	.addr = { .v4 = 0x04030201 }, .grid = { { 1, 2, 3 }, { -4, -5, -6 } }, .f = 1.5f, .g = 0.1 };

struct list {
	struct list *next;
	void (*fn)(int);
	const char *name;
};
struct list list = { (void *)0xffff888000001234ull, 0, (void *)16 };

struct flexible {
	__u32 n;
	__u16 tail[];
};
struct flexible flexible = { 4, { 10, 20, 30, 40 } };

struct flexible_text {
	__u32 n;
	char tail[];
};
struct flexible_text flexible_text = { 5, { "hello" } };

struct wrapped { // as the kernel's DECLARE_FLEX_ARRAY
	__u32 zero[0];
	__u16 n;
	union {
		struct {
			struct { } empty;
			__u8 tail[];
		};
		__u8 first;
	};
};
struct wrapped wrapped = { .n = 1, .first = 9 };

typedef struct {
	unsigned __int128 big;
} huge_t;
huge_t huge = { 1 };
