package builder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
)

// TestFindInputs: sources and headers are inputs, and the folders where more of them may appear, but not those of tools.
func TestFindInputs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"src/a.bpf.c", "src/deep/b.bpf.c", "src/.git/c.bpf.c", "src/node_modules/many/x.js", "src/node_modules/one/g.bpf.c", ".ebpfx/d.bpf.c", "other/e.bpf.c", "include/f.h"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("int x;\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p := &builder.Project{Dir: dir, Targets: []*builder.Target{
		{Name: "a", Files: []builder.Files{{Pattern: "src/**/*.bpf.c", Dir: dir}}, IncludeDirs: []string{filepath.Join(dir, "include")}},
		{Name: "b", Files: []builder.Files{{Pattern: "missing/x.bpf.c", Dir: dir}}},
	}}
	in := builder.FindInputs(p)
	relative := func(paths []string) string {
		var all []string
		for _, path := range paths {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rel)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	if got, want := relative(in.Files), "src/a.bpf.c src/deep/b.bpf.c src/node_modules/one/g.bpf.c"; got != want {
		t.Errorf("files are %s, want %s", got, want)
	}
	if got, want := relative(in.Dirs), "include missing src src/deep src/node_modules/one"; got != want {
		t.Errorf("folders are %s, want %s", got, want)
	}
}
