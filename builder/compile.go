package builder

import (
	"context"
	"fmt"
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
	// vmlinux is the header for a source that brings none.
	vmlinux *header.Vmlinux

	before     map[string]fileStat // of files that may go into the object, as of before
	made       made                // by run, as is what follows
	level      string              // flag that names the instruction set; "": clang's default, or args have it
	variantDir string              // in the build folder: where the vmlinux.h lies that was changed for the source; "": none
}

// compilation returns how source of u is compiled.
func (b *build) compilation(u *unit, source string) *compilation {
	t := u.target
	machine, extra := b.machine, u.extra[source]
	dir := b.project.Dir

	args := []string{
		"-O2", "-g", "-Wall",
		"--target=" + machine.Triple,
		"-D__TARGET_ARCH_" + machine.Arch,
		// Some distributions turn it on for all targets; the kernel has no place for canaries.
		"-fno-stack-protector",
		// What the backend refuses is the source's fault, not worth a report in /tmp.
		"-fno-crash-diagnostics",
		// Objects say src/x.bpf.c, wherever the project lies.
		"-fdebug-compilation-dir=.",
	}
	own := []string{filepath.Dir(source)}
	for _, d := range t.Defines {
		args = append(args, "-D"+d)
	}
	for _, d := range slices.Concat(t.IncludeDirs, extra.includeDirs) {
		rel := relativeTo(dir, d)
		args = append(args, "-I"+rel)
		own = append(own, rel)
	}
	args = append(append(args, t.CFlags...), extra.flags...)
	for _, d := range flagValues("-I", slices.Concat(t.CFlags, extra.flags)) {
		own = append(own, relativeTo(dir, d))
	}
	// Where the system keeps its headers says nothing of what is in them: not part of flags, so that
	// an object is up to date on a machine without them.
	flags := hashOf(append(slices.Clone(args), source)...)
	system := toolchain.SystemIncludes(machine)
	for _, d := range system {
		args = append(args, "-idirafter", d)
	}

	output := objectName(u)
	if u.linked() {
		output = filepath.Join(objFolder, fileName(t.Name), fileName(source)+".o")
	}
	return &compilation{
		build: b, unit: u, source: source, output: output,
		args:    args,
		flags:   flags,
		lookup:  &lookup{own: own, system: append(slices.Clone(systemDirs), system...)},
		vmlinux: b.vmlinuxOf(t),
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

// flagValues returns the values that a flag has in args: -Ivalue and -I value.
func flagValues(flag string, args []string) []string {
	var values []string
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, flag); ok && value != "" {
			values = append(values, value)
		} else if ok && i+1 < len(args) {
			values = append(values, args[i+1])
		}
	}
	return values
}

// front returns what is put in front of every source.
func (c *compilation) front() (f front, err error) {
	if f.events, err = header.Events(c.build.cache); err != nil {
		return f, err
	}
	f.compat, err = header.Compat(c.build.cache)
	return f, err
}

// commandLine returns all arguments of clang.
func (c *compilation) commandLine(f front, object, deps string) []string {
	args := slices.Clone(c.args)
	if c.level != "" {
		args = append(args, c.level)
	}
	for _, d := range f.compat {
		args = append(args, "-isystem", d)
	}
	if f.vmlinux != "" {
		args = append(args, "-isystem", f.vmlinux)
	}
	if f.pch != "" {
		args = append(args, "-include-pch", f.pch)
	}
	if f.events != "" {
		args = append(args, "-include", f.events)
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

// command returns what makes the same object as run did, its debug information aside, from
// files that are there afterwards; where it made none, what clang's words are about.
func (c *compilation) command() []string {
	if len(c.made.front.compat) == 0 {
		return nil // it did not come to that
	}
	f := c.made.front
	f.pch = ""
	if f.vmlinux != "" {
		f.vmlinux = c.keptVmlinux(c.variantDir)
	}
	return append([]string{c.unit.clang.Path}, c.commandLine(f, c.build.shown(c.output), "")...)
}

// keptVmlinux returns the folder of the vmlinux.h that a source is compiled with: variantDir in the build folder if that
// is not empty, else that of the whole, or "" while that was not made.
func (c *compilation) keptVmlinux(variantDir string) string {
	if variantDir != "" {
		return c.build.shown(variantDir)
	}
	return c.vmlinux.Made()
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
	if err := place(c.made.object, path); err != nil {
		return fmt.Errorf("compile %s: %w", c.source, err)
	}
	r := &record{Rules: rules, Flags: c.flags, Compiler: c.unit.clang.ID()}
	for _, name := range append([]string{c.source}, c.made.headers...) {
		r.Inputs = append(r.Inputs, input{name, c.hashAsCompiled(name)})
	}
	if c.made.vmlinux {
		r.Vmlinux, r.VariantDir = c.vmlinux.ID(), c.variantDir
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
