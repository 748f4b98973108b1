package builder_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/internal/settle"
)

// clangSays returns what clang prints for a source when nobody stands between.
func (f *fixture) clangSays(source string) string {
	cmd := exec.Command("clang", "-O2", "-g", "-Wall", "-target", "bpfel", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c", source, "-o", "/dev/null")
	cmd.Dir = f.project.Dir
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// Clang's own words come through unchanged, without a trace of what ebpfx adds.
func TestClangsDiagnostics(t *testing.T) {
	const head = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nstruct ev { int x; };\nint ring;\n"
	for _, tc := range []struct {
		name, source string
		fails        bool
	}{
		{"syntax error", head + "int f(void) { return 1 }\n", true},
		{"unknown type", head + "struct nothing n;\n", true},
		{"error in an argument", head + "int f(void) { return bpf_ringbuf_output(&ring, undeclared, 4, 0); }\n", true},
		{"warning in an argument", head + "int f(void) { const struct ev e = {}; return bpf_ringbuf_output(&ring, &e, 4, 0); }\n", false},
		{"too few arguments", head + "int f(struct ev *e) { return bpf_ringbuf_output(&ring, e); }\n", true},
		{"own macro of that name", head + "#define bpf_ringbuf_submit(e, f) 0\nint f(struct ev *e) { return bpf_ringbuf_submit(e, 0); }\n", false},
		{"own function of that name", "int bpf_ringbuf_submit(void *p, int flags) { return 0; }\nint f(void *p) { return bpf_ringbuf_submit(p, 0); }\n", false},
		{"unused variable", head + "int f(void) { int unused; return 0; }\n", false},
		{"backend error", head + "void *memset(void *, int, unsigned long);\nint f(void *p, int n) { memset(p, 1, n); return 0; }\n", true},
		{"missing header", "#include \"nowhere.h\"\n", true},
		{"missing libbpf header", "#include <bpf/nowhere.h>\n", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, map[string]string{"src/x.bpf.c": tc.source})
			f.target("x", "src/x.bpf.c")
			_, err := f.build()
			switch {
			case !tc.fails && err != nil:
				t.Error(err)
			case tc.fails && (err == nil || err.Error() != "compile src/x.bpf.c: clang exited with status 1"):
				t.Errorf("got %v", err)
			}
			want := []string{"[100%] <x> compiling src/x.bpf.c"}
			if says := f.clangSays("src/x.bpf.c"); says != "" {
				want = append(want, "<x> "+says)
			}
			if diff := cmp.Diff(want, f.log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			f.wantTidy()
		})
	}
}

// A source that needs more atomic operations than clang's default has is compiled for an instruction set that has them, unless the
// project says which it is to be.
func TestAtomics(t *testing.T) {
	const source = "int count;\nint f(void) { return __sync_val_compare_and_swap(&count, 1, 2); }\n"
	// Clang 20 does it by itself.
	isDefault := exec.Command("clang", "-O2", "-target", "bpf", "-x", "c", "-c", "-", "-o", "/dev/null")
	isDefault.Stdin = strings.NewReader(source)
	if isDefault.Run() == nil {
		t.Skip("clang's default has all atomic operations")
	}
	for _, tc := range []struct{ name, flag, want string }{
		{"none named", "", "notice: x.bpf.c: compiled with -mcpu=v3, for the atomic operations that it uses"},
		{"by the target", "-mcpu=v2", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, map[string]string{"x.bpf.c": source})
			target := f.target("x", "x.bpf.c")
			if tc.flag != "" {
				target.CFlags = []string{tc.flag}
			}
			if _, err := f.build(); (err == nil) != (tc.want != "") {
				t.Errorf("got %v", err)
			}
			if tc.want != "" && !slices.Contains(f.log, tc.want) {
				t.Errorf("it told %q", f.log)
			}
			f.wantTidy()
		})
	}
}

// Where clang's words do not say what to do, the error does.
func TestExplainedErrors(t *testing.T) {
	for _, tc := range []struct{ name, source, want string }{
		{"name of a section", "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC(\"xdp\") int xdp(void *ctx) { return 0; }\n", "xdp is the name of a section and of a function or variable; rename the latter"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, map[string]string{"x.bpf.c": tc.source})
			f.target("x", "x.bpf.c")
			if _, err := f.build(); err == nil || err.Error() != "compile x.bpf.c: "+tc.want {
				t.Errorf("got %v\nwant %s", err, tc.want)
			}
		})
	}
}

// Where the event header cannot be had, the object is as clang makes it.
func TestSourceThatTheEventHeaderBreaks(t *testing.T) {
	f := newFixture(t, map[string]string{"x.bpf.c": `
static int bpf_ringbuf_submit(void *p, unsigned long flags) { return 0; }
__attribute__((section("xdp"))) int f(void *p) { return bpf_ringbuf_submit(p, 0); }
`})
	x := f.target("x", "x.bpf.c")
	object := f.mustBuild().Objects[x]
	if got := functions(t, object); got != "f" {
		t.Errorf("the object has %q", got)
	}
	f.wantUpToDate()
}

func TestHeadersThatSourcesInclude(t *testing.T) {
	for _, headers := range []string{
		"", "<linux/bpf.h> <bpf/bpf_helpers.h>", "<linux/bpf.h> <linux/if_ether.h> <linux/ip.h> <bpf/bpf_endian.h>",
		`"vmlinux.h" <bpf/bpf_helpers.h> <bpf/bpf_tracing.h> <bpf/bpf_core_read.h>`, "<vmlinux.h>", "<stddef.h> <stdbool.h> <stdarg.h>",
	} {
		f := newFixture(t, nil)
		var source strings.Builder
		for h := range strings.FieldsSeq(headers) {
			fmt.Fprintf(&source, "#include %s\n", h)
		}
		f.write("x.bpf.c", source.String()+"int x = 1;\n")
		f.target("x", "x.bpf.c")
		if _, err := f.build(); err != nil {
			t.Errorf("%s: %v\n%s", headers, err, strings.Join(f.log, "\n"))
		}
		f.wantUpToDate()
	}
}

// A project's own vmlinux.h is taken before ours, also when it comes later.
func TestOwnVmlinux(t *testing.T) {
	for _, place := range []string{"src/vmlinux.h", "include/vmlinux.h"} {
		t.Run(place, func(t *testing.T) {
			f := newFixture(t, map[string]string{"src/x.bpf.c": "#include \"vmlinux.h\"\n#ifdef OWN\n#warning own\n#endif\n"})
			f.target("x", "src/x.bpf.c").IncludeDirs = []string{f.path("include")}
			f.mustBuild()
			if log := strings.Join(f.log, "\n"); strings.Contains(log, "own") {
				t.Fatalf("%s", log)
			}
			f.write(place, "#define OWN\n")
			f.mustBuild()
			if log := strings.Join(f.log, "\n"); !strings.Contains(log, "own") {
				t.Errorf("it was not taken:\n%s", log)
			}
			f.wantUpToDate()
		})
	}
}

// vmlinux.h is made for the source that asks for it, and for no other.
func TestVmlinuxOnDemand(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, "b.bpf.c": typical, "c.bpf.c": typical})
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	headers := func() []string {
		found, err := filepath.Glob(cache + "/ebpfx/*/vmlinux.h")
		f.check(err)
		return found
	}
	f.target("a", "a.bpf.c")
	f.mustBuild()
	if got := headers(); len(got) != 0 {
		t.Errorf("made %q for nothing", got)
	}
	f.target("b", "b.bpf.c")
	f.target("c", "c.bpf.c")
	f.opts.Jobs = 2
	f.mustBuild()
	if got := headers(); len(got) != 1 {
		t.Errorf("got headers %q", got)
	}
}

func TestOddFileNames(t *testing.T) {
	names := []string{
		"sp ace.bpf.c", `quo"te'.bpf.c`, "ünïcode 日本.bpf.c", "dollar$HOME.bpf.c", "hash#.bpf.c", `back\slash.bpf.c`, `back\ space.bpf.c`,
		"-dash.bpf.c", "semi;colon:.bpf.c", "per%cent.bpf.c", "star*.bpf.c", "[class].bpf.c", "a/deep/er/é.bpf.c", "=.bpf.c", "@at.bpf.c",
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.moveTo(filepath.Join(t.TempDir(), "proj "+strings.ReplaceAll(filepath.Base(name), ".bpf.c", "")))
			// Clang does not tell headers with a backslash in their path rightly: they cost a build each time.
			header := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".bpf.c"), `\`, "_") + ".h"
			f.write(name, fmt.Sprintf("#include <odd.h>\n#include \"header.h\"\n%s", program("p")))
			f.write(filepath.Join(filepath.Dir(name), "header.h"), "#define A\n")
			f.write(filepath.Join("inc "+header, "odd.h"), "")
			// The target is called like the file, and has two sources, so that there is an object of a source.
			f.write("second.bpf.c", program(fmt.Sprintf("q%d", i)))
			target := f.target(name, name, "second.bpf.c")
			target.IncludeDirs = []string{f.path("inc " + header)}
			r := f.mustBuild()
			if got := functions(t, r.Objects[target]); got != fmt.Sprintf("p q%d", i) && got != fmt.Sprintf("q%d p", i) {
				t.Errorf("the object has %q", got)
			}
			f.wantUpToDate()
			f.write(filepath.Join(filepath.Dir(name), "header.h"), "#define B\n")
			f.mustBuild()
			if len(f.log) != 2 {
				t.Errorf("after a change of the header:\n%s", strings.Join(f.log, "\n"))
			}
			f.wantUpToDate()
		})
	}
}

// Names of targets do not become paths, and no two share an object.
func TestOddTargetNames(t *testing.T) {
	names := []string{"a/b", "a%2Fb", "../up", "..", ".", "a b", "A B", "ü", "lock", "obj", strings.Repeat("long", 100), strings.Repeat("long", 100) + "!", "tmp-x", "\n", "nul\x01"}
	f := newFixture(t, map[string]string{"x.bpf.c": minimal})
	for _, name := range names {
		f.target(name, "x.bpf.c")
	}
	r := f.mustBuild()
	var objects []string
	for _, target := range f.project.Targets {
		object := r.Objects[target]
		if filepath.Dir(object) != f.path(".ebpfx") {
			t.Errorf("%q: the object is %s", target.Name, object)
		}
		if _, err := os.Stat(object); err != nil {
			t.Error(err)
		}
		objects = append(objects, object)
	}
	slices.Sort(objects)
	if n := len(slices.Compact(objects)); n != len(names) {
		t.Errorf("%d targets have %d objects", len(names), n)
	}
	f.wantUpToDate()
}

// The command that is shown makes the object anew, from files that are still there.
func TestVerboseCommandCanBePasted(t *testing.T) {
	f := newFixture(t, map[string]string{"src/a.bpf.c": typical})
	target := f.target("a", "src/a.bpf.c")
	target.Defines = []string{"NAME=value"}
	f.opts.Verbose = true
	object := f.mustBuild().Objects[target]
	want := f.read(".ebpfx/a.bpf.o")
	f.check(os.Remove(object))
	cmd := exec.Command("sh", "-c", f.log[1])
	cmd.Dir = f.project.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", f.log[1], err, out)
	}
	if string(settled(t, object)) != want {
		t.Errorf("%s makes another object", f.log[1])
	}
}

// settled returns an object that clang made as ebpfx would keep it.
func settled(t *testing.T, path string) []byte {
	t.Helper()
	object, err := os.ReadFile(path)
	if err == nil {
		object, err = settle.Object(object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}
