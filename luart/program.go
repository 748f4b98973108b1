package luart

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ebpfx/ebpfx/builder"
)

// codeName is what positions in code call it that comes from no file: the flag that brings it.
const codeName = "-e"

// LoadProject returns the Script of a project without a project.lua, whose targets p describes. code is Lua that is executed
// as if it stood in the description of p's first target; "" for none. Relative paths in it are those of the current folder. What is
// wrong in it comes back as Load says, with positions in "-e". The Script describes a project of its own: p is not changed.
func LoadProject(ctx context.Context, p *builder.Project, code string, opts LoadOptions) (*Script, error) {
	own := *p
	own.Targets = nil
	s := newScript(&own, opts)
	for _, t := range p.Targets {
		s.describe.targets = append(s.describe.targets, describeTarget(t, s.describe.root))
	}
	if len(p.Targets) > 0 {
		s.describe.current = s.describe.targets[0]
	}
	return s.loadUntil(ctx, codeName, func() error { return s.loadCode(code) })
}

// describeTarget returns the description of which complete makes t.
func describeTarget(t *builder.Target, root *root) *target {
	return &target{
		settings: settings{
			description: &t.Description,
			kind:        &t.Kind,
			binary:      &t.Binary,
			isDefault:   &t.Default,
			files:       slices.Clone(t.Files),
			includeDirs: slices.Clone(t.IncludeDirs),
			defines:     slices.Clone(t.Defines),
			cflags:      slices.Clone(t.CFlags),
			fileCFlags:  slices.Clone(t.FileCFlags),
			deps:        slices.Clone(t.Deps),
			globals:     slices.Clone(t.Globals),
			maps:        slices.Clone(t.Maps),
			hooks:       slices.Clone(t.Hooks),
		},
		name: t.Name,
		pos:  t.Pos,
		root: root,
	}
}

// loadCode executes code and completes the project.
func (s *Script) loadCode(code string) error {
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	src := newSource(filepath.Join(dir, codeName), code)
	src.name = codeName
	fn, err := s.compile(s.state, src)
	if err != nil {
		return err
	}
	s.sources = append(s.sources, src)
	return s.execute(fn)
}
