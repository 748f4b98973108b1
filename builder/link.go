package builder

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// linking makes the object of a target from those of its sources and the ready ones.
type linking struct {
	build  *build
	unit   *unit
	parts  []string // the sources' objects by name in the build folder, in the order of the sources
	output string   // name in the build folder
	flags  string
	object string // what run made
}

func (b *build) linking(u *unit, parts []string) *linking {
	l := &linking{build: b, unit: u, parts: parts, output: objectName(u)}
	l.flags = hashOf(append([]string{"link"}, l.inputs()...)...)
	return l
}

// inputs returns the objects to be linked as the project's folder sees them.
func (l *linking) inputs() []string {
	var names []string
	for _, part := range l.parts {
		names = append(names, l.build.shown(part))
	}
	return append(names, l.unit.objects...)
}

func (l *linking) arguments(object string) []string {
	args := []string{"gen", "object", object}
	for _, name := range l.inputs() {
		args = append(args, asOperand(name))
	}
	return args
}

func (l *linking) command() []string {
	return append([]string{"bpftool"}, l.arguments(l.build.shown(l.output))...)
}

func (l *linking) run(ctx context.Context, tmp string) (said []byte, err error) {
	bpftool, _, err := toolchain.FindBpftool(ctx)
	if err != nil {
		return nil, fmt.Errorf("link %s: %w", l.unit.target.Name, err)
	}
	l.object = filepath.Join(tmp, "linked.o")
	out, err := toolchain.Run(ctx, l.build.project.Dir, bpftool, l.arguments(l.object)...)
	said = append(out.Stdout, out.Stderr...)
	if err == nil {
		return said, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if m := definedTwice.FindSubmatch(said); m != nil {
		return said, fmt.Errorf("link %s: %s defines %s, which another file of the target defines too; rename one of them, or make it static",
			l.unit.target.Name, l.sourceOf(string(m[2])), m[1])
	}
	if why := explain(said, toolchain.FindHeader); why != "" {
		return said, fmt.Errorf("link %s: %s", l.unit.target.Name, why)
	}
	return said, fmt.Errorf("link %s: %w", l.unit.target.Name, err)
}

// definedTwice is what libbpf's linker says (linker.c, linker_append_elf_sym) about a symbol of two objects.
var definedTwice = regexp.MustCompile(`conflicting non-weak symbol #\d+ \((.+)\) definition in '(.+)'`)

// sourceOf returns the source that object was made from, or object itself when it came ready.
func (l *linking) sourceOf(object string) string {
	for i, part := range l.parts {
		if filepath.Clean(object) == l.build.shown(part) {
			return l.unit.sources[i]
		}
	}
	return object
}

func (l *linking) finish() error {
	b := l.build
	r := &record{Rules: rules, Flags: l.flags}
	for _, name := range l.inputs() {
		hash, _ := b.files.look(name)
		r.Inputs = append(r.Inputs, input{name, hash})
	}
	if err := place(l.object, filepath.Join(b.dir, l.output)); err != nil {
		return fmt.Errorf("link %s: %w", l.unit.target.Name, err)
	}
	b.note(l.output, r)
	return nil
}
