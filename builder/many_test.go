package builder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A thousand targets are built and found up to date. The compiler is quick, since it is none.
func TestThousandTargets(t *testing.T) {
	f := newFixture(t, map[string]string{"first.bpf.c": minimal})
	f.target("first", "first.bpf.c")
	object := f.mustBuild().Objects[f.project.Targets[0]]
	f.opts.Clang = f.script("cc", `for last; do :; done
case "$*" in *-c*)
	while [ $# -gt 1 ]; do case $1 in -MF) deps=$2 ;; -c) source=$2 ;; esac; shift; done
	echo "o: $source" > "$deps"; exec cp '`+object+`' "$last" ;;
*) exec clang "$@" ;; esac`)
	const n = 1000
	f.project.Targets = nil
	for i := range n {
		name := fmt.Sprintf("t%d", i)
		f.write("src/"+name+".bpf.c", minimal)
		f.target(name, "src/"+name+".bpf.c")
	}
	if r := f.mustBuild(); r.Built != n || len(r.Objects) != n {
		t.Errorf("%d built, %d objects", r.Built, len(r.Objects))
	}
	if !strings.HasPrefix(f.log[0], "[0%] <t0> compiling src/t0") || !strings.HasPrefix(f.log[n-1], "[100%] <t999> compiling") {
		t.Errorf("it began with %s, and ended with %s", f.log[0], f.log[n-1])
	}
	f.wantUpToDate()
	f.write("src/t500.bpf.c", minimal+"\n")
	f.mustBuild()
	f.wantSteps("compiling src/t500.bpf.c")
}

// Files of the future, which is what a clock that was set back leaves, are judged by what is in them.
func TestClockSetBack(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": "#include \"a.h\"\n" + typical, "a.h": "int a;\n"})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	f.target("a", "a.bpf.c")
	f.mustBuild()
	future := time.Now().Add(1000 * time.Hour)
	for _, root := range []string{f.project.Dir, os.Getenv("XDG_CACHE_HOME")} {
		f.check(filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chtimes(path, future, future)
		}))
	}
	f.wantUpToDate()
	f.write("a.h", "int b;\n")
	f.mustBuild()
	f.wantSteps("compiling a.bpf.c")
	f.wantUpToDate()
}

// Builds that are killed anywhere, the very first one among them, leave nothing that a later one takes for good.
func TestKilledBuilds(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": typical})
	f.target("a", "a.bpf.c")
	f.mustBuild()
	want := f.read(".ebpfx/a.bpf.o")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cache := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ebpfx")
	f.check(os.RemoveAll(f.path(".ebpfx")))
	f.mustBuild()
	header := f.inCache("vmlinux-merged-*/vmlinux.h")
	for name, damage := range map[string]func() error{
		"header cut":         func() error { return os.Truncate(header, 1<<20) },
		"header without sum": func() error { return os.Remove(header + ".sum") },
		"half an object":     func() error { return os.Truncate(f.path(".ebpfx/a.bpf.o"), 100) },
		"half an index":      func() error { return os.Truncate(f.path(".ebpfx/index.json"), 100) },
		"unfinished files": func() error {
			f.write(".ebpfx/tmp-x/0/0.o", "half")
			return os.WriteFile(header+".x.tmp", []byte("half"), 0o644)
		},
	} {
		f.check(damage())
		f.write("a.bpf.c", typical+"// "+name+"\n")
		f.mustBuild()
		if f.read(".ebpfx/a.bpf.o") != want {
			t.Errorf("%s: the object is another", name)
		}
	}
	if _, err := os.Stat(f.path(".ebpfx/tmp-x")); err == nil {
		t.Error("unfinished files are still there")
	}
	if text, err := os.ReadFile(header); err != nil || len(text) < 3<<20 {
		t.Errorf("the header in %s has %d bytes, %v", cache, len(text), err)
	}
}
