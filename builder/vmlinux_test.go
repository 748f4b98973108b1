package builder_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

// shapes are sources that use a vmlinux.h in ways that a faster path than including it could get wrong.
var shapes = map[string]string{
	"typical":  typical,
	"no types": "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\nSEC(\"xdp\") int f(struct xdp_md *ctx) { return XDP_PASS; }\n" + license,
	"deep": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
SEC("raw_tp/x") int f(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int n = BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_inode, i_sb, s_dev);
	n += BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
	n += BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork);
	return n + bpf_core_type_size(struct file) + bpf_core_field_exists(task->real_parent) + bpf_core_enum_value(enum hrtimer_mode, HRTIMER_MODE_REL);
}
` + license,
	"functions": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
static __noinline int twice(struct sock *sk, struct file_operations *ops) { return sk->__sk_common.skc_family + (ops->open ? 1 : 0); }
SEC("tp_btf/x") int BPF_PROG(f, struct sock *sk, struct file *file) { return twice(sk, (void *)file->f_op); }
SEC("fentry/y") int BPF_PROG(g, struct inode *inode, struct dentry *dentry) { return dentry->d_inode == inode; }
` + license,
	"current task": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
SEC("tp_btf/x") int f(void *ctx) { return bpf_get_current_task_btf()->group_leader->pid; }
` + license,
	"copies and sizes": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 9); __type(key, struct bpf_iter__task); __type(value, struct tcp_info); } m SEC(".maps");
int size = sizeof(struct task_struct), align = _Alignof(struct sk_buff);
SEC("raw_tp/x") int f(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct cred cred;
	bpf_probe_read_kernel(&cred, sizeof(cred), task->cred);
	return cred.uid.val + sizeof(*task->mm) + (int)(long)(task->signal + 1);
}
` + license,
	// The name of the member is in no word of the source.
	"pasted": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define FIELD(p, a, b) ((p)->a##b)
SEC("raw_tp/x") int f(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	return sizeof(*FIELD(task, fi, les)) + FIELD(FIELD(task, real_, parent), p, id);
}
` + license,
	"pasted size": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define SIZE(p, a, b) sizeof(*(p)->a##b)
#define TAG(x) struct x
int sizes[] = { SIZE((struct task_struct *)0, si, gnal), SIZE((struct task_struct *)0, c, groups), sizeof(TAG(bio)) };
SEC("raw_tp/x") int f(void *ctx) { return sizes[0]; }
` + license,
	// Nothing but the object's BTF shows that the type of the member was not there.
	"pasted type": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define TYPE(p, a, b) __typeof__((p)->a##b)
TYPE((struct task_struct *)0, ns, proxy) proxy;
SEC("raw_tp/x") int f(void *ctx) { return proxy != 0; }
` + license,
	"own types": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct event { struct list_head list; struct task_struct *task; enum pid_type type; };
union arg { struct event e; u64 raw; };
struct forward;
union arg last;
SEC("raw_tp/x") int f(struct forward *ctx) { last.e.type = PIDTYPE_TGID; return last.raw; }
` + license,
	"flavours": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
struct task_struct___old { long state; } __attribute__((preserve_access_index));
SEC("raw_tp/x") int f(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	if (bpf_core_field_exists(t->__state))
		return BPF_CORE_READ(t, __state);
	return BPF_CORE_READ((struct task_struct___old *)t, state);
}
` + license,
	"macros before":  "#define tgid renamed_by_test\n#define HERE 1\n" + typical,
	"headers before": "#include <stdarg.h>\n" + typical,
	"in a header":    "#include \"all.h\"\nSEC(\"raw_tp/x\") int f(void *ctx) { struct task_struct *t = (void *)bpf_get_current_task(); return t != 0; }\n" + license,
	"twice":          "#include \"vmlinux.h\"\n#include <vmlinux.h>\n" + typical,
	"conditional":    "#ifdef NOWHERE\n#include \"vmlinux.h\"\n#endif\n" + minimal,
	"none":           minimal,
}

// plain compiles a source with clang and nothing between, but for what is in front of all sources.
func (f *fixture) plain(source string, dirs ...string) []byte {
	f.Helper()
	object := filepath.Join(f.TempDir(), "plain.o")
	args := []string{"-O2", "-g", "-Wall", "--target=bpfel", "-D__TARGET_ARCH_x86", "-fno-stack-protector", "-fdebug-compilation-dir=.", "-idirafter", "/usr/include/x86_64-linux-gnu"}
	for _, name := range []string{"compat-*", "vmlinux-merged-*"} {
		args = append(args, "-isystem", f.inCache(name))
	}
	args = append(args, "-include", f.inCache("events-*/ebpfx/events.h"))
	for _, d := range dirs {
		args = append(args, "-I"+d)
	}
	clang := f.opts.Clang
	if clang == "" {
		clang = "clang"
	}
	cmd := exec.Command(clang, append(args, "-c", source, "-o", object)...)
	cmd.Dir = f.project.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		f.Fatalf("%s: %v\n%s", source, err, out)
	}
	return settled(f.T, object)
}

// inCache returns the path of the one file of the cache that a pattern matches.
func (f *fixture) inCache(pattern string) string {
	f.Helper()
	found, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ebpfx", pattern))
	f.check(err)
	if len(found) != 1 {
		f.Fatalf("%s matches %q in the cache", pattern, found)
	}
	return found[0]
}

// clangs returns the compilers of this machine: the usual one, and those of other versions.
func clangs() []string {
	names := []string{"clang"}
	for version := 14; version < 30; version++ {
		if path, err := exec.LookPath(fmt.Sprintf("clang-%d", version)); err == nil {
			names = append(names, path)
		}
	}
	return names
}

const allHeader = "#pragma once\n#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n"

// An object is the same to the byte whether clang read the whole vmlinux.h or what ebpfx gave it, for every compiler.
func TestFastPathMakesTheSameObject(t *testing.T) {
	for _, clang := range clangs() {
		t.Run(filepath.Base(clang), func(t *testing.T) {
			f := newFixture(t, map[string]string{"all.h": allHeader})
			f.opts.Clang, f.opts.Jobs = clang, 2
			for name, source := range shapes {
				file := strings.ReplaceAll(name, " ", "_") + ".bpf.c"
				f.write(file, source)
				f.target(name, file)
			}
			r := f.mustBuild()
			for _, target := range f.project.Targets {
				got, err := os.ReadFile(r.Objects[target])
				f.check(err)
				if want := f.plain(target.Files[0].Pattern); !bytes.Equal(got, want) {
					t.Errorf("%s: the object is another than clang's", target.Name)
				}
			}
			f.wantUpToDate()
		})
	}
}

// ownVmlinux is what bpftool prints for the running kernel.
var ownVmlinux = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c").Output()
	return string(out), err
})

// A project's own header is precompiled, which nobody sees in the objects.
func TestOwnHeaderIsPrecompiled(t *testing.T) {
	text, err := ownVmlinux()
	skip.Unless(t, err)
	f := newFixture(t, map[string]string{"all.h": allHeader, "inc/vmlinux.h": text})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	f.opts.Jobs = 2
	for _, name := range []string{"typical", "macros before", "headers before", "in a header", "twice", "none"} {
		file := strings.ReplaceAll(name, " ", "_") + ".bpf.c"
		f.write(file, shapes[name])
		f.target(name, file).IncludeDirs = []string{f.path("inc")}
	}
	r := f.mustBuild()
	first := f.inCache("pch/*.pch")
	for _, target := range f.project.Targets {
		got, err := os.ReadFile(r.Objects[target])
		f.check(err)
		if want := f.plain(target.Files[0].Pattern, "inc"); !bytes.Equal(got, want) {
			t.Errorf("%s: the object is another than clang's", target.Name)
		}
	}
	f.wantUpToDate()

	// With another header it is another.
	f.write("inc/vmlinux.h", strings.Replace(text, "struct task_struct {", "struct task_struct {\n\tint added_by_test;", 1))
	f.write("typical.bpf.c", strings.Replace(typical, "tgid", "added_by_test", 1))
	f.project.Targets = f.project.Targets[:1]
	f.mustBuild()
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(first), "*.pch")); len(found) != 2 {
		t.Errorf("there are %q", found)
	}
}

// A precompiled header that is not what it was is made again; so is one that is gone.
func TestDamagedPrecompiledHeader(t *testing.T) {
	text, err := ownVmlinux()
	skip.Unless(t, err)
	f := newFixture(t, map[string]string{"vmlinux.h": text, "a.bpf.c": typical})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	a := f.target("a", "a.bpf.c")
	f.mustBuild()
	want := f.read(".ebpfx/a.bpf.o")
	pch := f.inCache("pch/*.pch")
	for name, damage := range map[string]func(path string) error{
		"gone":  os.Remove,
		"cut":   func(path string) error { return os.Truncate(path, 1000) },
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"another": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, 1000), 1<<20)
			return err
		},
		"no sum": func(path string) error { return os.Remove(path + ".sum") },
		"source": func(string) error { return os.Truncate(f.inCache("own-*/vmlinux.h"), 10) },
	} {
		f.check(damage(pch))
		f.check(os.Remove(f.path(".ebpfx/a.bpf.o")))
		f.mustBuild()
		if got := f.read(".ebpfx/a.bpf.o"); got != want {
			t.Errorf("%s: the object is another", name)
		}
		info, err := os.Stat(pch)
		f.check(err)
		if info.Size() < 1<<20 {
			t.Errorf("%s: the precompiled header has %d bytes", name, info.Size())
		}
	}
	_ = a
}

// What nobody used in a long time goes when another is made.
func TestUnusedPrecompiledHeaders(t *testing.T) {
	text, err := ownVmlinux()
	skip.Unless(t, err)
	f := newFixture(t, map[string]string{"vmlinux.h": text, "a.bpf.c": typical})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	a := f.target("a", "a.bpf.c")
	f.mustBuild()
	first := f.inCache("pch/*.pch")
	long := time.Now().Add(-100 * 24 * time.Hour)
	f.check(os.Chtimes(first, long, long))
	f.check(os.Chtimes(first+".sum", long, long))
	// It is asked for once more, and so is not unused.
	f.check(os.Remove(f.path(".ebpfx/a.bpf.o")))
	f.mustBuild()
	a.CFlags = []string{"-mcpu=v3"}
	f.mustBuild()
	if _, err := os.Stat(first); err != nil {
		t.Error(err)
	}
	f.check(os.Chtimes(first, long, long))
	f.check(os.Chtimes(first+".sum", long, long))
	a.CFlags = []string{"-mcpu=v2"}
	f.mustBuild()
	if _, err := os.Stat(first); err == nil {
		t.Error("it is still there")
	}
	f.wantTidy()
}

func TestSetBTF(t *testing.T) {
	pos := diag.Pos{File: "project.lua", Line: 3}
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	skip.Unless(t, err)
	f := newFixture(t, map[string]string{
		"a.bpf.c": "#include \"vmlinux.h\"\nint size = sizeof(struct task_struct);\n",
		"b.bpf.c": minimal, "kernel.btf": "no BTF",
	})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	a, b := f.target("a", "a.bpf.c"), f.target("b", "b.bpf.c")
	f.mustBuild()
	merged := f.read(".ebpfx/a.bpf.o")
	a.BTF = builder.BTF{File: builder.BTFRunning, Pos: pos}
	b.BTF = a.BTF
	f.mustBuild()
	f.wantSteps("compiling a.bpf.c")
	f.wantUpToDate()
	f.inCache("vmlinux-kernel*/vmlinux.h")

	// A copy of what describes the running kernel is the same kernel.
	running := f.read(".ebpfx/a.bpf.o")
	a.BTF.File = f.path("kernel.btf")
	_, err = f.build()
	want := "project.lua:3: set_btf: make vmlinux.h: read BTF of " + f.path("kernel.btf") + ": "
	if d := diag.All(err); len(d) != 1 || !strings.HasPrefix(d[0].Error(), want) || strings.Contains(d[0].Error(), "\n") {
		t.Errorf("got %v\nwant %s", err, want)
	}
	f.run("cp", "/sys/kernel/btf/vmlinux", f.path("kernel.btf"))
	f.mustBuild()
	if f.read(".ebpfx/a.bpf.o") != running {
		t.Error("the running kernel's types give another object from a file")
	}
	f.check(os.Remove(f.path("kernel.btf")))
	_, err = f.build()
	if err == nil || !strings.Contains(fmt.Sprint(diag.All(err)), "no such file") {
		t.Errorf("got %v", err)
	}

	a.BTF = builder.BTF{}
	f.mustBuild()
	if f.read(".ebpfx/a.bpf.o") != merged {
		t.Error("the merged header gives another object than before")
	}
}

// A source that declares what the header has too, or calls a kernel function that it leaves to the header, is helped.
func TestHeaderFitsTheSource(t *testing.T) {
	for name, source := range map[string]string{
		"own enumerator": "#include \"vmlinux.h\"\nenum mine { PIDTYPE_PID = 7, BPF_ANY = 9 };\nint x = PIDTYPE_PID + BPF_ANY;\n",
		"own struct":     "#include \"vmlinux.h\"\nstruct list_head { int mine; };\nint size = sizeof(struct list_head);\n",
		"kfunc": `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
SEC("tp_btf/x") int f(u64 *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);
	if (t)
		bpf_task_release(t);
	return 0;
}
` + license,
		"all kfuncs": "#define VMLINUX_KFUNCS\n#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\nSEC(\"tp_btf/x\") int f(void *ctx) { bpf_task_release((void *)0); return 0; }\n" + license,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, map[string]string{"x.bpf.c": source})
			f.target("x", "x.bpf.c")
			f.mustBuild()
			if len(f.log) != 1 {
				t.Errorf("got\n%s", strings.Join(f.log, "\n"))
			}
			f.wantUpToDate()
			f.wantTidy()
		})
	}
}
