package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/gobind"
	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/luart"
)

// genGo writes a Go package of the object of each target, or file, that args name.
func genGo(ctx context.Context, c *call, args []string) error {
	out, pkg := c.cli.String("out"), c.cli.String("package")
	if len(args) == 1 {
		return genPackage(ctx, c, args[0], pkg, out)
	}
	if pkg != "" {
		return usagef("gen go: --package names one package, and %d targets make %[1]d", len(args))
	}
	packages := make([]string, len(args))
	for i, arg := range args {
		name := arg
		if isProgram(arg) {
			name = programName(arg)
		}
		packages[i] = packageName(name)
		if same := slices.Index(packages[:i], packages[i]); same >= 0 {
			return usagef("gen go: %s and %s would both be package %s; make one of them apart, with --package", args[same], arg, packages[i])
		}
	}
	for i, arg := range args {
		if err := genPackage(ctx, c, arg, packages[i], filepath.Join(out, packages[i])); err != nil {
			return err
		}
	}
	return nil
}

// genPackage writes a Go package pkg of what arg names into folder dir. Where they are "", the target's name decides.
func genPackage(ctx context.Context, c *call, arg, pkg, dir string) error {
	arch := c.cli.String("arch")
	goarch := runtime.GOARCH
	if arch != "" {
		if _, err := toolchain.TargetNamed(arch); err != nil {
			return usagef("--arch: %v", err)
		}
		goarch = toolchain.GoArch(arch)
	}
	name, path, err := c.objectFor(ctx, arg, arch)
	if err != nil {
		return err
	}
	object, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("generate Go: %w", err)
	}
	opts := gobind.Options{Package: cmp.Or(pkg, packageName(name)), Name: name, GoArch: goarch}
	if d, err := bpf.Inspect(path); err == nil {
		for _, s := range d.Streams {
			if s.Kind == bpf.Iterator {
				continue // no map that a package could have a reader of
			}
			for _, t := range s.Types {
				opts.Events = append(opts.Events, gobind.Event{Map: s.Map, Type: t.Type})
			}
		}
	} else {
		// What is in its maps has types, what comes through its buffers has none.
		c.notice(fmt.Sprintf("events get no types: %v", err))
	}
	files, notices, err := gobind.Generate(object, opts)
	if err != nil {
		return err
	}
	for _, text := range notices {
		c.notice(text)
	}
	dir = cmp.Or(dir, opts.Package)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("generate Go: %w", err)
	}
	for _, f := range files {
		file := filepath.Join(dir, f.Name)
		if err := os.WriteFile(file, f.Text, 0o666); err != nil {
			return fmt.Errorf("generate Go: %w", err)
		}
		c.progressf("wrote %s", file)
	}
	return nil
}

// objectFor returns the object that arg means, built for a machine, and what it is called.
func (c *call) objectFor(ctx context.Context, arg, arch string) (name, path string, err error) {
	var p *builder.Project
	var t *builder.Target
	switch {
	case isProgram(arg) && strings.HasSuffix(arg, ".o"):
		return programName(arg), arg, nil
	case isProgram(arg):
		program, err := newProgram("gen", arg)
		if err != nil {
			return "", "", err
		}
		p, t = program.project(), program.target
	default:
		script, err := c.load(ctx, luart.LoadOptions{Stdout: c.stderr})
		if err != nil {
			return "", "", err
		}
		defer script.Close()
		targets, err := pick(script.Project(), []string{arg})
		if err != nil {
			return "", "", err
		}
		p, t = script.Project(), targets[0]
		if err := script.BeforeBuild(t); err != nil {
			return "", "", err
		}
	}
	p.Arch = arch
	path, err = c.buildOne(ctx, p, t)
	return t.Name, path, err
}

// packageName makes the name of a Go package of that of a target.
func packageName(target string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(target) {
		if r >= 'a' && r <= 'z' || b.Len() > 0 && r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return cmp.Or(b.String(), "program")
}
