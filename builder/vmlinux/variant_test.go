package vmlinux_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// compileVariants compiles source as often as it gets further by a change of the header.
func compileVariants(t *testing.T, source string) (v vmlinux.Variant, stderr []byte, err error) {
	t.Helper()
	header := merged(t)
	for range 5 {
		_, stderr, err = compile(t, v.Apply(header), source)
		next, ok := v.Retry(header, stderr)
		if !ok {
			return v, stderr, err
		}
		v = next
	}
	t.Fatal("no end of variants")
	return v, nil, nil
}

func TestVariant(t *testing.T) {
	for _, test := range []struct {
		name   string
		source string
		want   vmlinux.Variant
		fails  string
	}{
		{
			name:   "nothing is wrong",
			source: prologue + `int f(struct task_struct *t) { return t->pid; }`,
		},
		{
			// Older kernels lack it, so sources bring what they need of it.
			name: "a struct that the source defines",
			source: prologue + `
				struct folio { unsigned long mine; } __attribute__((preserve_access_index));
				unsigned long f(struct folio *f, struct page *p, struct vm_fault *v) {
					struct folio *same = p ? f : (struct folio *)v;
					return same->mine;
				}`,
			want: vmlinux.Variant{Own: []string{"folio"}},
		},
		{
			name: "the same before the header",
			source: `
				union bpf_attr { int mine; };
				struct io_uring_sqe { int mine; };` + prologue + `
				int f(union bpf_attr *a, struct io_uring_sqe *s, struct io_kiocb *k) { return a->mine + s->mine + k->flags; }`,
			want: vmlinux.Variant{Own: []string{"bpf_attr", "io_uring_sqe"}},
		},
		{
			name: "one that others hold by value, and point to",
			source: prologue + `
				struct list_head { struct list_head *mine; };
				int f(struct task_struct *t) { struct list_head *n = t->tasks.next; return n->mine == n && t->pid; }`,
			want: vmlinux.Variant{Own: []string{"list_head"}},
		},
		{
			name: "kernel functions without a declaration, beside one with",
			source: prologue + `
				struct task_struct *bpf_task_acquire(void *mine) __attribute__((section(".ksyms")));
				int f(struct task_struct *t) {
					struct task_struct *p = bpf_task_from_pid(1);
					if (&bpf_task_release && p)
						bpf_task_release(p);
					return bpf_task_acquire(t) == p;
				}`,
			want: vmlinux.Variant{Kfuncs: []string{"bpf_task_from_pid", "bpf_task_release"}},
		},
		{
			name: "both",
			source: prologue + `
				struct folio { int mine; };
				void f(struct task_struct *t, struct folio *f) { if (f->mine) bpf_task_release(t); }`,
			want: vmlinux.Variant{Own: []string{"folio"}, Kfuncs: []string{"bpf_task_release"}},
		},
		{
			name: "what the header is not to blame for",
			source: prologue + `
				struct mine { int a; };
				struct mine { int b; };
				int twice(void) { return 0; }
				int twice(void) { return nowhere + no_kfunc(); }`,
			fails: "redefinition of 'mine'",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, stderr, err := compileVariants(t, test.source)
			if (err != nil) != (test.fails != "") || !bytes.Contains(stderr, []byte(test.fails)) {
				t.Errorf("compile: %v\n%s", err, stderr)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("variant (-want +got):\n%s", diff)
			}
		})
	}
}

// Clang says the same thing in several ways over its versions.
func TestRetryReadsEveryClang(t *testing.T) {
	header := []byte("\nstruct folio {\n};\n\nenum folio_kind {\n\tFOLIO_A = 0,\n};\n\n#ifdef VMLINUX_KFUNCS\nextern struct folio *bpf_get(int);\nextern void bpf_put(struct folio *);\n#endif\n\n#pragma clang attribute pop\n")
	for _, test := range []struct {
		stderr string
		want   vmlinux.Variant
	}{
		{stderr: "t.c:1:8: error: redefinition of 'folio'\n", want: vmlinux.Variant{Own: []string{"folio"}}},
		{stderr: "\x1b[1mt.c:1:8: \x1b[0m\x1b[0;1;31merror: \x1b[0m\x1b[1mredefinition of 'folio'\x1b[0m\n", want: vmlinux.Variant{Own: []string{"folio"}}},
		{stderr: "t.c:1:8: warning: implicit declaration of function 'bpf_put' is invalid in C99 [-Wimplicit-function-declaration]\n", want: vmlinux.Variant{Kfuncs: []string{"bpf_put"}}},
		{stderr: "t.c:1:8: error: call to undeclared function 'bpf_put'; ISO C99 and later do not support implicit function declarations\n", want: vmlinux.Variant{Kfuncs: []string{"bpf_put"}}},
		{stderr: "t.c:1:8: error: use of undeclared identifier 'bpf_get'; did you mean 'bpf_put'?\n", want: vmlinux.Variant{Kfuncs: []string{"bpf_get"}}},
		{stderr: "t.c:1:8: error: redefinition of enumerator 'FOLIO_A'\n", want: vmlinux.Variant{Enumerators: []string{"FOLIO_A"}}},
		{stderr: "t.c:1:8: error: redefinition of enumerator 'FOLIO'\n"},
		{stderr: "t.c:1:8: error: use of undeclared identifier 'et'\n"},
		{stderr: "t.c:1:8: error: redefinition of 'foli'\n"},
		{stderr: "t.c:1:8: error: redefinition of 'A' as different kind of symbol\n"},
		{stderr: ""},
	} {
		got, ok := vmlinux.Variant{}.Retry(header, []byte(test.stderr))
		if diff := cmp.Diff(test.want, got); diff != "" || ok != (!got.IsZero()) {
			t.Errorf("%q: %v (-want +got):\n%s", test.stderr, ok, diff)
		}
		if _, again := got.Retry(header, []byte(test.stderr)); again {
			t.Errorf("%q: the second time there is something new", test.stderr)
		}
	}
}

func TestApplyLeavesTheHeaderAlone(t *testing.T) {
	header := merged(t)
	before := slices.Clone(header)
	changed := vmlinux.Variant{Own: []string{"folio", "sock"}, Kfuncs: []string{"bpf_task_release"}}.Apply(header)
	if !bytes.Equal(header, before) {
		t.Error("the header was changed in place")
	}
	if bytes.Equal(changed, header) || !bytes.Equal(vmlinux.Variant{}.Apply(header), header) {
		t.Error("a variant is not what it says")
	}
}
