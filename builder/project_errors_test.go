package builder_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// deps adds dependencies to t, from line 100 of project.lua on.
func deps(t *builder.Target, names ...string) {
	for i, name := range names {
		t.Deps = append(t.Deps, builder.Dep{Name: name, Pos: diag.Pos{File: t.Pos.File, Line: 100 + i, Column: 1}})
	}
}

// What is wrong with a project is told at its place in project.lua, before anything runs.
func TestProjectErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		target func(f *fixture)
		want   []string // each error; DIR is the project's folder
	}{
		{"no files", func(f *fixture) { f.target("a") },
			[]string{`DIR/project.lua:1: target "a" has no files; name some with add_files("src/*.bpf.c")`}},
		{"glob that matches nothing", func(f *fixture) { f.target("a", "src/*.bpf.cc") },
			[]string{`DIR/project.lua:2: add_files: "src/*.bpf.cc" matches no file in DIR`}},
		{"file that is not there", func(f *fixture) { f.target("a", "src/opensnop.bpf.c") },
			[]string{`DIR/project.lua:2: add_files: there is no file "src/opensnop.bpf.c" (did you mean src/opensnoop.bpf.c?)`}},
		{"folder that is not there", func(f *fixture) { f.target("a", "sources/entirely.bpf.c") },
			[]string{`DIR/project.lua:2: add_files: there is no file "sources/entirely.bpf.c"`}},
		{"folder", func(f *fixture) { f.target("a", "src/") },
			[]string{`DIR/project.lua:2: add_files: "src/" is a folder; write "src/*.bpf.c" for the sources in it`}},
		{"malformed glob", func(f *fixture) { f.target("a", "src/[a-.c") },
			[]string{`DIR/project.lua:2: add_files: the pattern "src/[a-.c" is malformed: a [ is not closed, or a range is not one`}},
		{"neither source nor object", func(f *fixture) { f.target("a", "src/*") },
			[]string{`DIR/project.lua:2: add_files: src/common.h is neither a C source (.bpf.c) nor an eBPF object (.bpf.o)`}},
		{"several at once", func(f *fixture) { f.target("a", "x.bpf.c", "src/opensnoop.bpf.c", "y/*.c"); f.target("b") },
			[]string{
				`DIR/project.lua:2: add_files: there is no file "x.bpf.c"`,
				`DIR/project.lua:4: add_files: "y/*.c" matches no file in DIR`,
				`DIR/project.lua:11: target "b" has no files; name some with add_files("src/*.bpf.c")`,
			}},
		{"unknown dependency", func(f *fixture) {
			deps(f.target("opensnoop", "src/opensnoop.bpf.c"), "opensnop", "entirely")
		},
			[]string{
				`DIR/project.lua:100:1: add_deps: no target named "opensnop" (did you mean opensnoop?)`,
				`DIR/project.lua:101:1: add_deps: no target named "entirely"`,
			}},
		{"itself", func(f *fixture) { deps(f.target("a", "src/opensnoop.bpf.c"), "a") },
			[]string{`DIR/project.lua:100:1: add_deps: targets depend on each other in a circle: a -> a`}},
		{"circle", func(f *fixture) {
			deps(f.target("start", "src/opensnoop.bpf.c"), "a")
			deps(f.target("a", "src/opensnoop.bpf.c"), "b")
			deps(f.target("b", "src/opensnoop.bpf.c"), "c")
			deps(f.target("c", "src/opensnoop.bpf.c"), "a")
		},
			[]string{`DIR/project.lua:100:1: add_deps: targets depend on each other in a circle: a -> b -> c -> a`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, map[string]string{"src/opensnoop.bpf.c": minimal, "src/common.h": ""})
			tc.target(f)
			_, err := f.build()
			var got []string
			for _, d := range diag.All(err) {
				got = append(got, strings.ReplaceAll(d.Error(), f.project.Dir, "DIR"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var d *diag.Diagnostic
			if !errors.As(err, &d) {
				t.Error("the error is no diagnostic")
			}
			f.wantSteps()
		})
	}
}

func TestDiagnosticShowsTheLine(t *testing.T) {
	f := newFixture(t, map[string]string{"project.lua": "target(\"a\")\n    add_files(\"x.bpf.c\")\n"})
	f.target("a", "x.bpf.c")
	_, err := f.build()
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Source != `    add_files("x.bpf.c")` {
		t.Errorf("got %+v", d)
	}
}

// What is depended on is built first, whatever the order of targets, and all of it.
func TestDependenciesComeFirst(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, "b.bpf.c": minimal, "c.bpf.c": minimal, "d.bpf.c": minimal})
	f.opts.Jobs = 4
	deps(f.target("a", "a.bpf.c"), "b", "c")
	deps(f.target("b", "b.bpf.c"), "c")
	f.target("c", "c.bpf.c")
	f.target("d", "d.bpf.c") // nobody asks for it
	all := f.project.Targets
	r, err := builder.Build(t.Context(), f.project, all[:1], f.opts)
	f.check(err)
	f.wantSteps("compiling c.bpf.c", "compiling b.bpf.c", "compiling a.bpf.c")
	if len(r.Objects) != 3 || r.Built != 3 {
		t.Errorf("got %d objects, %d built", len(r.Objects), r.Built)
	}
	var percents []string
	for _, line := range f.log {
		percents = append(percents, line[:strings.Index(line, " ")])
	}
	if got := fmt.Sprint(percents); got != "[[33%] [66%] [100%]]" {
		t.Errorf("progress is %s", got)
	}
}
