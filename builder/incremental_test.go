package builder_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/builder"
)

func TestBuildAndRebuild(t *testing.T) {
	f := newFixture(t, map[string]string{"src/tool.bpf.c": typical})
	tool := f.target("tool", "src/*.bpf.c")
	r := f.mustBuild()
	f.wantSteps("compiling src/tool.bpf.c")
	if got, want := r.Objects[tool], f.path(".ebpfx/tool.bpf.o"); got != want || r.Built != 1 {
		t.Errorf("got %s and %d built, want %s and 1", got, r.Built, want)
	}
	f.wantUpToDate()
	if got := f.read(".ebpfx/.gitignore"); got != "*\n" {
		t.Errorf(".gitignore is %q", got)
	}
	f.wantTidy()
}

// Each change of what goes into an object makes it anew, once, and nothing else does.
func TestRebuilds(t *testing.T) {
	sources := map[string]string{
		"src/tool.bpf.c":  "#include \"tool.h\"\n#include <shared.h>\n" + minimal,
		"src/tool.h":      "#define A 1\n",
		"inc/shared.h":    "#define B 1\n",
		"src/other.bpf.c": minimal,
	}
	const tool, other = "compiling src/tool.bpf.c", "compiling src/other.bpf.c"
	for _, tc := range []struct {
		name   string
		change func(f *fixture)
		want   []string
	}{
		{"nothing", func(*fixture) {}, nil},
		{"source", func(f *fixture) { f.write("src/tool.bpf.c", f.read("src/tool.bpf.c")+"\n") }, []string{tool}},
		{"header beside it", func(f *fixture) { f.write("src/tool.h", "#define A 2\n") }, []string{tool}},
		{"header in an include folder", func(f *fixture) { f.write("inc/shared.h", "#define B 2\n") }, []string{tool}},
		{"same size and time", func(f *fixture) {
			info, err := os.Stat(f.path("src/tool.h"))
			if err != nil {
				t.Fatal(err)
			}
			f.write("src/tool.h", "#define A 2\n")
			f.check(os.Chtimes(f.path("src/tool.h"), info.ModTime(), info.ModTime()))
		}, []string{tool}},
		{"touched", func(f *fixture) {
			now := time.Now().Add(time.Hour)
			f.check(os.Chtimes(f.path("src/tool.h"), now, now))
		}, nil},
		{"written again the same", func(f *fixture) { f.write("src/tool.bpf.c", f.read("src/tool.bpf.c")) }, nil},
		{"replaced by a file of the same content", func(f *fixture) {
			f.check(os.Rename(f.path("src/tool.h"), f.path("old.h")))
			f.write("src/tool.h", f.read("old.h"))
		}, nil},
		{"file that has nothing to do with it", func(f *fixture) { f.write("src/new.h", "") }, nil},
		{"header that comes before another of its name", func(f *fixture) { f.write("src/shared.h", "#define B 3\n") }, []string{tool}},
		{"header that comes after", func(f *fixture) { f.write("inc/tool.h", "#define A 3\n") }, nil},
		{"define", func(f *fixture) { f.project.Targets[1].Defines = []string{"X=1"} }, []string{other}},
		{"flag", func(f *fixture) { f.project.Targets[1].CFlags = []string{"-O1"} }, []string{other}},
		{"include folder", func(f *fixture) { f.project.Targets[1].IncludeDirs = []string{f.path("src")} }, []string{other}},
		{"object gone", func(f *fixture) { f.check(os.Remove(f.path(".ebpfx/tool.bpf.o"))) }, []string{tool}},
		{"object cut", func(f *fixture) { f.check(os.Truncate(f.path(".ebpfx/tool.bpf.o"), 100)) }, []string{tool}},
		{"object replaced", func(f *fixture) { f.write(".ebpfx/tool.bpf.o", "x") }, []string{tool}},
		{"index gone", func(f *fixture) { f.check(os.Remove(f.path(".ebpfx/index.json"))) }, []string{tool, other}},
		{"index cut", func(f *fixture) { f.check(os.Truncate(f.path(".ebpfx/index.json"), 50)) }, []string{tool, other}},
		{"index of nonsense", func(f *fixture) {
			f.write(".ebpfx/index.json", `{"version":1,"objects":{"tool.bpf.o":null},"files":null}`)
		}, []string{tool, other}},
		{"cleaned", func(f *fixture) { f.check(builder.Clean(f.project)) }, []string{tool, other}},
		{"cache gone", func(*fixture) { t.Setenv("XDG_CACHE_HOME", t.TempDir()) }, nil},
		{"folder copied", func(f *fixture) {
			to := t.TempDir()
			f.run("cp", "-r", f.project.Dir+"/.", to)
			f.moveTo(to)
		}, nil},
		{"folder renamed", func(f *fixture) {
			to := filepath.Join(t.TempDir(), "moved")
			f.run("cp", "-a", f.project.Dir, to)
			f.moveTo(to)
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, sources)
			f.target("tool", "src/tool.bpf.c").IncludeDirs = []string{f.path("inc")}
			f.target("other", "src/other.bpf.c")
			f.mustBuild()
			tc.change(f)
			f.mustBuild()
			f.wantSteps(tc.want...)
			f.wantUpToDate()
			f.wantTidy()
		})
	}
}

// What changes while clang reads it must not pass for what the object was made from.
func TestSourceChangesDuringBuild(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, "a.h": "#define A 1\n"})
	f.write("a.bpf.c", "#include \"a.h\"\n"+minimal)
	f.target("a", "a.bpf.c")
	// This compiler changes the header once it has read it.
	f.opts.Clang = f.script("cc", `case "$*" in *-c*) clang "$@" && echo "#define A 2" >`+f.path("a.h")+` ;; *) exec clang "$@" ;; esac`)
	f.mustBuild()
	f.opts.Clang = f.script("cc", `exec clang "$@"`)
	f.mustBuild()
	f.wantSteps("compiling a.bpf.c")
	f.wantUpToDate()
}

func TestCompilerChanges(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal})
	f.target("a", "a.bpf.c")
	f.opts.Clang = f.script("cc", `exec clang "$@"`)
	f.mustBuild()
	f.wantUpToDate()
	f.script("cc", `exec clang "$@" # upgraded`)
	f.mustBuild()
	f.wantSteps("compiling a.bpf.c")
	f.wantUpToDate()
}

// A project that was built elsewhere runs on a machine that has neither clang nor headers.
func TestUpToDateWithoutToolchain(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": typical, "b.bpf.c": strings.ReplaceAll(minimal, "LICENSE", "LICENSE_B")})
	f.write("b.bpf.c", strings.Replace(f.read("b.bpf.c"), "prog(", "prog_b(", 1))
	f.target("one", "a.bpf.c")
	f.target("both", "*.bpf.c")
	f.opts.Clang = f.script("cc", `exec clang "$@"`)
	f.mustBuild()

	t.Setenv("PATH", t.TempDir())
	f.opts.Clang = ""
	f.wantUpToDate()

	f.write("a.bpf.c", typical+"\n")
	_, err := f.build()
	if err == nil || !strings.Contains(err.Error(), "find clang: it is not on PATH; to get it: ") {
		t.Errorf("got %v", err)
	}
}

// The same sources give the same object, to the byte, in every folder and every time.
func TestReproducible(t *testing.T) {
	var first []byte
	for _, dir := range []string{"one", "another/and deeper=x"} {
		f := newFixture(t, nil)
		f.moveTo(filepath.Join(t.TempDir(), dir))
		f.write("src/a.bpf.c", "#include \"a.h\"\n"+typical)
		f.write("include/a.h", "static inline int twice(int x) { return 2 * x; }\n")
		tool := f.target("a", "src/a.bpf.c")
		tool.IncludeDirs = []string{f.path("include")}
		object, err := os.ReadFile(f.mustBuild().Objects[tool])
		f.check(err)
		if first == nil {
			first = object
		}
		if !bytes.Equal(first, object) {
			t.Errorf("the object made in %s is another", f.project.Dir)
		}
		if bytes.Contains(object, []byte(f.project.Dir)) {
			t.Errorf("the object names the folder %s", f.project.Dir)
		}
	}
}

func TestReadyObjects(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal})
	f.target("made", "a.bpf.c")
	f.mustBuild()
	f.run("cp", f.path(".ebpfx/made.bpf.o"), f.path("ready.bpf.o"))
	ready := f.target("ready", "ready.bpf.o")
	r := f.mustBuild()
	f.wantSteps()
	if got, want := r.Objects[ready], f.path("ready.bpf.o"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// Nothing at all is needed for those.
	t.Setenv("PATH", t.TempDir())
	f.project.Targets = f.project.Targets[1:]
	f.check(builder.Clean(f.project))
	f.wantUpToDate()
	if _, err := os.Lstat(f.path(".ebpfx")); err == nil {
		t.Error(".ebpfx was made for nothing")
	}
}

func TestClean(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, "outside/keep": "x"})
	f.check(builder.Clean(f.project)) // nothing there
	f.target("a", "a.bpf.c")
	f.mustBuild()
	f.check(os.Symlink(f.path("outside"), f.path(".ebpfx/link")))
	f.check(builder.Clean(f.project))
	if _, err := os.Lstat(f.path(".ebpfx")); err == nil {
		t.Error(".ebpfx is still there")
	}
	f.check(os.Symlink(f.path("outside"), f.path(".ebpfx")))
	f.check(builder.Clean(f.project))
	if f.read("outside/keep") != "x" || f.read("a.bpf.c") != minimal {
		t.Error("files outside of .ebpfx are gone")
	}
}

// run runs a program that has to end well.
func (f *fixture) run(program string, args ...string) {
	f.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		f.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
}
