package builder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/builder/header"
	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// systemDirs are where clang itself looks for headers that a project may also have.
var systemDirs = []string{"/usr/local/include", "/usr/include"}

// compilation makes one object from one source.
type compilation struct {
	build  *build
	unit   *unit
	source string
	output string // name in the build folder
	args   []string
	flags  string // hash of what matters of args
	lookup *lookup

	before  map[string]fileStat // of files that may go into the object, as of before
	object  string              // what run made, below its temporary folder
	headers []string            // what it was made from beside the source
	vmlinux bool                // among them was our vmlinux.h
}

// compilation returns how source of u is compiled.
func (b *build) compilation(u *unit, source string) *compilation {
	t := u.target
	host := toolchain.HostTarget()
	dir := b.project.Dir

	args := []string{
		"-O2", "-g", "-Wall",
		"--target=" + host.Triple,
		"-D__TARGET_ARCH_" + host.Arch,
		// Some distributions turn it on for all targets; the kernel has no place for canaries.
		"-fno-stack-protector",
		// Objects say src/x.bpf.c, wherever the project lies.
		"-fdebug-compilation-dir=.",
	}
	own := []string{filepath.Dir(source)}
	for _, d := range t.Defines {
		args = append(args, "-D"+d)
	}
	for _, d := range t.IncludeDirs {
		rel := relativeTo(dir, d)
		args = append(args, "-I"+rel)
		own = append(own, rel)
	}
	args = append(args, t.CFlags...)
	// Where the system keeps its headers says nothing of what is in them: not part of flags, so that
	// an object is up to date on a machine without them.
	flags := hashOf(append(slices.Clone(args), source)...)
	system := toolchain.SystemIncludes()
	for _, d := range system {
		args = append(args, "-idirafter", d)
	}

	output := objectName(u)
	if u.linked() {
		output = filepath.Join(objFolder, fileName(t.Name), fileName(source)+".o")
	}
	return &compilation{
		build: b, unit: u, source: source, output: output,
		args:   args,
		flags:  flags,
		lookup: &lookup{own: own, system: append(slices.Clone(systemDirs), system...)},
	}
}

// watch notes the times of all files that are known to go into the object, so that a change
// while clang runs is seen.
func (c *compilation) watch() {
	names := []string{c.source}
	if r := c.build.index.Objects[c.output]; r != nil {
		for _, in := range r.Inputs {
			names = append(names, in.Name)
		}
	}
	c.before = make(map[string]fileStat)
	for _, name := range names {
		if stat, err := statFile(inDir(c.build.project.Dir, name)); err == nil {
			c.before[name] = stat
		}
	}
}

// commandLine returns all arguments of clang. compat are the folders of the headers that complete an older libbpf's. Our event
// header is put in front of the source where events names one.
func (c *compilation) commandLine(compat []string, events, object, deps string) []string {
	args := slices.Clone(c.args)
	for _, d := range slices.Concat(compat, c.build.vmlinux.Dirs()) {
		args = append(args, "-isystem", d)
	}
	if events != "" {
		args = append(args, "-include", events)
	}
	if c.build.opts.Color {
		args = append(args, "-fcolor-diagnostics")
	}
	if deps != "" {
		args = append(args, "-MD", "-MF", deps, "-MT", depTarget)
	}
	return append(args, "-c", asOperand(c.source), "-o", object)
}

// asOperand keeps a file name from being read as a flag.
func asOperand(name string) string {
	if strings.HasPrefix(name, "-") {
		return "./" + name
	}
	return name
}

func (c *compilation) command() []string {
	events, eventsErr := header.Events(c.build.cache)
	compat, compatErr := header.Compat(c.build.cache)
	if eventsErr != nil || compatErr != nil {
		return nil // run says it
	}
	return append([]string{c.build.clang.Path}, c.commandLine(compat, events, c.build.shown(c.output), "")...)
}

func (c *compilation) run(ctx context.Context, tmp string) (said []byte, err error) {
	events, err := header.Events(c.build.cache)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", c.source, err)
	}
	said, err = c.clang(ctx, events, tmp, "events")
	if missing := missingHeader(said); err != nil && missing == "vmlinux.h" {
		// It is made when a source asks for it, and not before.
		if err := c.build.vmlinux.Make(ctx); err != nil {
			return nil, c.failed(ctx, said, err)
		}
		said, err = c.clang(ctx, events, tmp, "events")
	}
	if err == nil && len(said) == 0 {
		return nil, nil
	}
	// The header must not be what breaks a source, nor be seen in what clang says of
	// it: the source as it is has the last word.
	object := c.object
	said, plainErr := c.clang(ctx, "", tmp, "plain")
	if plainErr != nil {
		return said, c.failed(ctx, said, plainErr)
	}
	if err == nil {
		c.object = object
	}
	return said, nil
}

// clang compiles the source into NAME.o in tmp and reads what it included from
// NAME.d.
func (c *compilation) clang(ctx context.Context, events, tmp, name string) (said []byte, err error) {
	compat, err := header.Compat(c.build.cache)
	if err != nil {
		return nil, err
	}
	object, deps := filepath.Join(tmp, name+".o"), filepath.Join(tmp, name+".d")
	out, err := toolchain.Run(ctx, c.build.project.Dir, c.build.clang.Path, c.commandLine(compat, events, object, deps)...)
	said = append(out.Stdout, out.Stderr...)
	if err != nil {
		return said, err
	}
	text, err := os.ReadFile(deps)
	if err != nil {
		return said, err
	}
	c.object = object
	c.headers, c.vmlinux = nil, false
	names := parseDeps(text)
	if len(names) == 0 {
		return said, fmt.Errorf("clang names no file in its dep file")
	}
	// The first is the source. What else has a backslash in its name is written with a slash by clang,
	// is not found under that name, and has the object built every time: slow, but never wrong.
	for _, name := range names[1:] {
		if !filepath.IsAbs(name) {
			name = filepath.Clean(name)
		}
		name = relativeTo(c.build.project.Dir, name)
		if c.build.cache.Contains(name) {
			c.vmlinux = c.vmlinux || filepath.Base(name) == "vmlinux.h"
			continue
		}
		c.headers = append(c.headers, name)
	}
	return said, nil
}

// failed says why the source was not compiled. said is what clang printed.
func (c *compilation) failed(ctx context.Context, said []byte, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if why := explain(said, toolchain.FindHeader); why != "" {
		return fmt.Errorf("compile %s: %s", c.source, why)
	}
	return fmt.Errorf("compile %s: %w", c.source, err)
}

func (c *compilation) finish() error {
	b := c.build
	path := filepath.Join(b.dir, c.output)
	if err := place(c.object, path); err != nil {
		return fmt.Errorf("compile %s: %w", c.source, err)
	}
	r := &record{Rules: rules, Flags: c.flags, Compiler: b.clang.ID(), Vmlinux: c.vmlinux}
	for _, name := range append([]string{c.source}, c.headers...) {
		r.Inputs = append(r.Inputs, input{name, c.hashAsCompiled(name)})
	}
	r.Passed = c.lookup.passed(b.files, r)
	b.note(c.output, r)
	return nil
}

// hashAsCompiled returns the hash of a file that clang read, or "" when somebody may have written
// to it since the build began.
func (c *compilation) hashAsCompiled(name string) string {
	hash, stat := c.build.files.look(name)
	if before, ok := c.before[name]; ok && before == stat {
		return hash
	}
	if stat.ChangeTime < c.build.started {
		return hash
	}
	return ""
}

// note enters an object that was just put into its place in the index.
func (b *build) note(name string, r *record) {
	shown := b.shown(name)
	b.files.forget(shown)
	r.Output, _ = b.files.look(shown)
	b.index.Objects[name] = r
}

// place moves a finished file to path.
func place(tmp, path string) error {
	if err := atomicfile.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Move(tmp, path)
}
