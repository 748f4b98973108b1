package builder_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ebpfx/ebpfx/builder"
)

// progress prints the steps of a build.
type progress struct{}

func (progress) Step(s builder.Step) {
	fmt.Printf("[%3d%%] <%s> %s %s\n", s.Percent, s.Target.Name, s.Verb, s.File)
}

func (progress) Output(_ *builder.Target, text []byte) { fmt.Printf("%s", text) }

// A project of one target is built, and then is up to date.
func Example() {
	dir, err := os.MkdirTemp("", "ebpfx-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	source := `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
`
	if err := os.WriteFile(filepath.Join(dir, "pass.bpf.c"), []byte(source), 0o644); err != nil {
		panic(err)
	}

	target := &builder.Target{
		Name:  "pass",
		Files: []builder.Files{{Pattern: "*.bpf.c", Dir: dir}},
	}
	project := &builder.Project{Dir: dir, Targets: []*builder.Target{target}}
	for range 2 {
		result, err := builder.Build(context.Background(), project, project.Targets, builder.Options{Reporter: progress{}})
		if err != nil {
			panic(err)
		}
		object, err := filepath.Rel(dir, result.Objects[target])
		if err != nil {
			panic(err)
		}
		fmt.Printf("%d built: %s\n", result.Built, object)
	}
	// Output:
	// [100%] <pass> compiling pass.bpf.c
	// 1 built: .ebpfx/pass.bpf.o
	// 0 built: .ebpfx/pass.bpf.o
}
