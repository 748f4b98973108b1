package cdecl

import (
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// kernelOf returns the BTF that clang makes of C declarations. The variables and
// functions among them pull in what they use.
func kernelOf(t *testing.T, declarations string) *btf.Spec {
	t.Helper()
	spec, err := btf.LoadSpec(clang(t, "#pragma clang diagnostic ignored \"-Weverything\"\n"+declarations))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// Each case merges small kernels and compiles what a program may rely on.
func TestMerge(t *testing.T) {
	for _, test := range []struct {
		name    string
		kernels []string // the first is the base
		use     string
		lacks   []string // words that the header does not have
	}{
		{
			name: "a member of another kernel does not move or grow what the base has",
			kernels: []string{
				`struct task { int pid; long flags; } v;`,
				`struct task { short state; char comm[16]; int pid; long flags; } v;`,
			},
			use: `
				_Static_assert(sizeof(struct task) == 16, "size");
				_Static_assert(__builtin_offsetof(struct task, flags) == 8, "offset");
				_Static_assert(__builtin_offsetof(struct task, comm) == 0, "over the base");
				int f(struct task *t) { return t->state + t->comm[0] + t->pid; }`,
		},
		{
			name: "a member larger than the struct is left out, also where the struct is empty",
			kernels: []string{
				`struct small { int a; } s; struct empty {} e;`,
				`struct small { int a; char big[64]; } s; struct empty { char gone; } e;`,
			},
			use:   `_Static_assert(sizeof(struct small) == 4 && sizeof(struct empty) == 0, "size");`,
			lacks: []string{"big", "gone"},
		},
		{
			name: "a member that wants more alignment does not raise the struct's",
			kernels: []string{
				`struct stats { int a, b; } v; union either { int a; char b[8]; } u;`,
				`struct stats { int a, b; long total; } v; union either { int a; long total; } u;`,
			},
			use: `
				_Static_assert(_Alignof(struct stats) == 4 && sizeof(struct stats) == 8, "layout");
				_Static_assert(_Alignof(union either) == 4 && sizeof(union either) == 8, "layout");
				long f(struct stats *s, union either *e) { return s->total + e->total; }`,
		},
		{
			name: "names count through anonymous members",
			kernels: []string{
				`struct sock { int family; int port; } v;`,
				`struct sock { union { long pair; struct { int family; short port; short num; }; }; } v;`,
			},
			use: `
				_Static_assert(sizeof(((struct sock *)0)->port) == 4, "the base decides");
				_Static_assert(sizeof(struct sock) == 8, "size");
				long f(struct sock *s) { return s->pair + s->num; }`,
		},
		{
			name: "named members of anonymous type merge",
			kernels: []string{
				`struct a { struct { int x; } in; int y; } v;`,
				`struct a { struct { int x; short z; } in; } v;`,
				`struct a { struct { char w; } in; } v;`,
			},
			use: `int f(struct a *a) { return a->in.x + a->in.z + a->in.w + a->y; }`,
		},
		{
			name: "a typedef of an anonymous struct merges under its name, and with a tag",
			kernels: []string{
				`typedef struct { unsigned int cap[2]; } cap_t; cap_t v; struct was_typedef { int a; } w;`,
				`typedef struct { unsigned long val; } cap_t; cap_t v; typedef struct { short b; } was_typedef; was_typedef w;`,
			},
			use: `long f(cap_t *c, struct was_typedef *w) { return c->val + c->cap[1] + w->b; }`,
		},
		{
			name: "a type that comes back to the struct by value is left out",
			kernels: []string{
				`struct in { int a[4]; }; struct out { struct in in; } v;`,
				`struct out { int a; }; struct in { struct out out; } v;`,
			},
			use:   `int f(struct out *o) { return o->in.a[0] + o->a; }`,
			lacks: []string{"struct out out;"},
		},
		{
			name: "an enumerator belongs to the first enum that has it, and never to a typedef's name",
			kernels: []string{
				`enum state { OFF, ON } v; typedef int WORD; struct s { WORD w; } w;`,
				`enum state { OFF, HALF, ON } v; enum other { ON2, WORD = 7, HALF2 } o; enum { LOOSE = 5 } l;`,
			},
			use: `
				_Static_assert(ON == 1 && HALF == 1 && LOOSE == 5 && HALF2 == 8, "values");
				WORD f(enum state s, enum other o) { return s == HALF && o == ON2; }`,
		},
		{
			name: "an anonymous enum that lost its names stays an enum",
			kernels: []string{
				`enum first { RED, GREEN } v; struct s { enum { RED2 } named; } s;`,
				`struct s { enum { RED, GREEN } color; } s;`,
			},
			use: `int f(struct s *s) { return s->color == GREEN || s->named == RED2; }`,
		},
		{
			name: "a bit field wider than the base's typedef keeps its width",
			kernels: []string{
				`typedef unsigned short word; struct s { word a; long room; } v;`,
				`typedef unsigned long word; struct s { word a; word bits : 40; } v;`,
			},
			use: `unsigned long f(struct s *s) { return s->bits; }`,
		},
		{
			name: "an array's typedef has its struct first",
			kernels: []string{
				`struct zz_tag { int a; }; typedef struct zz_tag aa_list[1]; aa_list v;`,
			},
			use: `int f(void) { aa_list l = {{1}}; return l[0].a; }`,
		},
		{
			name: "types that share a tag or a typedef within a kernel are all there",
			kernels: []string{
				`static int one(void *p) { struct dup { int a; } *d = p; return d->a; }
				 static int two(void *p) { struct dup { long b, c; } *d = p; return d->b + d->c; }
				 struct holder { int x; } h;
				 int f(void *p) { struct dup { int a; } x; struct w1 { struct dup d; } *w = p; __builtin_memset(&x, 0, 4); return one(p) + two(p) + w->d.a + x.a; }`,
			},
			use: `int g(struct holder *h) { return h->x; }`,
		},
		{
			name: "functions, arrays and qualifiers read as they were",
			kernels: []string{
				`struct ahead; struct ops {
					int (*open)(const char *name, struct ahead *a, ...);
					int (*const table[3])(void);
					void (*(*get)(int n))(long);
					const char *const volatile names[2][3];
					char *restrict r;
					int (*matrix)[4];
				} v; struct ahead { int x; } a;`,
			},
			use: `
				typedef void (*callback)(long);
				int f(struct ops *o, struct ahead *a) {
					callback c = o->get(1);
					c(2);
					return o->open("", a, 1, 2) + o->table[1]() + o->names[1][2][0] + o->matrix[1][3] + *o->r;
				}`,
		},
		{
			name: "bools are C's",
			kernels: []string{
				`typedef _Bool bool; enum { false, true }; struct s { bool on; } v; int x = true;`,
			},
			use: `bool f(struct s *s) { return s->on == true; }`,
		},
		{
			name: "kernel functions are declared when asked for, by the first kernel that has them",
			kernels: []string{
				`struct task; __attribute__((btf_decl_tag("bpf_kfunc"))) void bpf_put(struct task *p) {}`,
				`struct task; __attribute__((btf_decl_tag("bpf_kfunc"))) void bpf_put(int n) {}
				 __attribute__((btf_decl_tag("bpf_kfunc"))) struct task *bpf_get(int pid) { return 0; }`,
			},
			use: `void f(void) { bpf_put(bpf_get(1)); }`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var specs []*btf.Spec
			for _, k := range test.kernels {
				specs = append(specs, kernelOf(t, k))
			}
			h, text := mergeSpecs(t, specs...)
			for _, word := range test.lacks {
				if strings.Contains(text, word) {
					t.Errorf("the header has %q:\n%s", word, text)
				}
			}
			var asserts strings.Builder
			writeAsserts(&asserts, h)
			clang(t, "#define VMLINUX_KFUNCS\n"+text+asserts.String()+test.use)
		})
	}
}

// Whatever is merged into a kernel's types, they stay the kernel's.
func TestMergeKeepsTheBase(t *testing.T) {
	other := kernelOf(t, `
		struct task_struct { long state; int made_up; } t;
		struct statx { char grown[4096]; } s;
		enum bpf_map_type { BPF_MAP_TYPE_MADE_UP = 0x7fffffff } e;
		struct made_up { struct task_struct task; } m;`)
	h, text := mergeSpecs(t, runningKernel(t), other)
	for _, d := range h.order {
		if d.record != nil && d.name != "made_up" {
			checkExact(t, h, d.name, d.record)
		}
	}
	var source strings.Builder
	source.WriteString(text)
	writeAsserts(&source, h)
	source.WriteString(`long f(struct made_up *m) { return m->task.made_up + m->task.state + BPF_MAP_TYPE_MADE_UP; }`)
	clang(t, source.String())
}
