package builder_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// What a run of a project that is already built pays for the build.
func BenchmarkUpToDate(b *testing.B) {
	for _, n := range []int{1, 40} {
		b.Run(fmt.Sprintf("targets=%d", n), func(b *testing.B) {
			b.Setenv("XDG_CACHE_HOME", sharedCache)
			dir := b.TempDir()
			p := &builder.Project{Dir: dir, File: filepath.Join(dir, "project.lua")}
			for i := range n {
				name := fmt.Sprintf("t%d.bpf.c", i)
				if err := os.WriteFile(filepath.Join(dir, name), []byte(minimal), 0o644); err != nil {
					b.Fatal(err)
				}
				p.Targets = append(p.Targets, &builder.Target{Name: name, Pos: diag.Pos{File: p.File, Line: 1}, Files: []builder.Files{{Pattern: name, Dir: dir}}})
			}
			build := func() {
				if _, err := builder.Build(context.Background(), p, p.Targets, builder.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			build()
			for b.Loop() {
				build()
			}
		})
	}
}
