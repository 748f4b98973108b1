package vmlinux_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

func lint(t *testing.T, object string) []string {
	t.Helper()
	f, err := os.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, err := vmlinux.Lint(f, "x86")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, d := range found {
		if filepath.Base(d.File) != "t.bpf.c" || d.Line == 0 {
			t.Errorf("%q is said to be at %v", d.Text, d.Pos)
		}
		texts = append(texts, d.Text)
	}
	return texts
}

func TestLint(t *testing.T) {
	const (
		state    = "struct task_struct has no member state in 6.1 and later (it exists up to 5.10): guard it with bpf_core_field_exists"
		newState = "struct task_struct has no member __state in 5.10 and earlier (it exists since 6.1): guard it with bpf_core_field_exists"
	)
	precompiled := precompile(t, merged(t)) // parsed once for all cases
	for _, test := range []struct {
		name string
		body string // of a program whose task is t
		more string // what follows it
		want []string
	}{
		{name: "what all kernels have", body: `out = t->pid + t->se.vruntime + BPF_CORE_READ(t, mm, exe_file, f_inode, i_ino);`},
		{name: "a member that is gone", body: `out = t->state;`, want: []string{state}},
		{name: "a member that is new", body: `out = BPF_CORE_READ(t, __state);`, want: []string{newState}},
		{name: "once each", body: `out = t->state; out += t->state;`, want: []string{state}},
		{name: "a guard", body: `if (bpf_core_field_exists(t->state)) out = t->state;`},
		{
			name: "a guard by the other name",
			body: `
				if (bpf_core_field_exists(t->__state))
					out = BPF_CORE_READ(t, __state);
				else
					out = BPF_CORE_READ(t, state);`,
		},
		{
			name: "a guard by a flavour",
			body: `
				struct task_struct___old { long state; } __attribute__((preserve_access_index)) *old = (void *)t;
				if (bpf_core_field_exists(old->state))
					out = old->state;`,
		},
		{
			name: "a flavour without a guard",
			body: `
				struct task_struct___old { long state; } __attribute__((preserve_access_index)) *old = (void *)t;
				out = old->state;`,
			want: []string{state},
		},
		{
			name: "a guard that tells something else",
			body: `if (bpf_core_field_exists(t->pid)) out = t->state;`,
			want: []string{state},
		},
		{
			name: "a guard in another program",
			body: `out = t->state;`,
			more: `SEC("raw_tp/other") int other(u64 *ctx) { struct task_struct *t = (void *)ctx[0]; return bpf_core_field_exists(t->state); }`,
			want: []string{state},
		},
		{
			name: "a guard around a call",
			body: `if (bpf_core_field_exists(t->state)) out = read_state(t);`,
			more: `__attribute__((noinline)) long read_state(struct task_struct *t) { return t->state; }`,
		},
		{
			name: "a type that is new",
			body: `struct folio *f = (void *)ctx[0]; out = (long)BPF_CORE_READ(f, mapping);`,
			want: []string{"there is no struct folio in 5.10 and earlier (it exists since 6.1): guard it with bpf_core_type_exists"},
		},
		{
			name: "a type that is new, guarded",
			body: `struct folio *f = (void *)ctx[0]; if (bpf_core_type_exists(struct folio)) out = (long)BPF_CORE_READ(f, mapping);`,
		},
		{
			name: "an enumerator that is new",
			body: `out = bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_ARENA);`,
			want: []string{"enum bpf_map_type has no BPF_MAP_TYPE_ARENA in 6.1 and earlier (it exists since 6.12): guard it with bpf_core_enum_value_exists"},
		},
		{
			name: "an enumerator that is new, guarded",
			body: `if (bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_ARENA)) out = bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_ARENA);`,
		},
		{
			name: "a struct of the source's own",
			body: `struct mine { int state; } __attribute__((preserve_access_index)) *m = (void *)ctx[0]; out = m->state;`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			object := mustCompile(t, merged(t), prologue+`
				long out;
				long read_state(struct task_struct *t);
				SEC("tp_btf/sched_switch")
				int program(u64 *ctx)
				{
					struct task_struct *t = (void *)ctx[1];
					out = t->tgid;
					{ `+test.body+` }
					return 0;
				}`+test.more, "-include-pch", precompiled)
			if diff := cmp.Diff(test.want, lint(t, object)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLintRefuses(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "text": "int main;", "cut ELF": "\x7fELF\x02\x01\x01"} {
		file := filepath.Join(t.TempDir(), "object")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if found, err := vmlinux.Lint(f, "x86"); err == nil {
			t.Errorf("%s: got %v", name, found)
		}
		if _, err := vmlinux.Lint(f, "m68k"); !errors.Is(err, vmlinux.ErrArch) {
			t.Errorf("unknown architecture: got error %v", err)
		}
	}
}
