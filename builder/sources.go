package builder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/glob"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// unit is a target with the files that its patterns stand for.
type unit struct {
	target  *Target
	sources []string // *.c, as clang gets them: relative to the project's folder below it, else absolute
	objects []string // ready *.o, likewise
	extra   map[string]extra
	clang   *toolchain.Clang // nil when there is none to be used; set by open
	err     error            // why
}

// extra is what one source has beside what its target says.
type extra struct{ flags, includeDirs []string }

// findSources turns targets into units. What is wrong with all of them comes back joined.
func findSources(p *Project, targets []*Target) ([]*unit, error) {
	var units []*unit
	var errs []error
	for _, t := range targets {
		u, err := expand(p, t)
		units = append(units, u)
		errs = append(errs, err)
	}
	return units, errors.Join(errs...)
}

func expand(p *Project, t *Target) (*unit, error) {
	u := &unit{target: t, extra: make(map[string]extra)}
	if len(t.Files) == 0 {
		return nil, diag.Errorf(t.Pos, "target %q has no files; name some with add_files(\"src/*.bpf.c\")", t.Name).FillSource()
	}
	seen := make(map[string]bool)
	var errs []error
	for _, f := range t.Files {
		paths, err := glob.Files(f.Dir, f.Pattern)
		switch {
		case errors.Is(err, filepath.ErrBadPattern):
			err = diag.Errorf(f.Pos, "add_files: the pattern %q is malformed: a [ is not closed, or a range is not one", f.Pattern)
		case err != nil:
			err = diag.Errorf(f.Pos, "add_files: %w", err)
		case len(paths) == 0:
			err = nothingMatches(f)
		}
		if err != nil {
			errs = append(errs, fillSource(err))
			continue
		}
		for _, path := range paths {
			name := relativeTo(p.Dir, path)
			u.add(name, f)
			if seen[name] {
				continue
			}
			seen[name] = true
			switch filepath.Ext(name) {
			case ".c":
				u.sources = append(u.sources, name)
			case ".o":
				u.objects = append(u.objects, name)
			default:
				errs = append(errs, diag.Errorf(f.Pos, "add_files: %s is neither a C source (.bpf.c) nor an eBPF object (.bpf.o)", name).FillSource())
			}
		}
	}
	for _, f := range t.FileCFlags {
		paths, err := glob.Files(f.Dir, f.Pattern)
		taken := false
		for _, path := range paths {
			if name := relativeTo(p.Dir, path); seen[name] {
				u.add(name, f)
				taken = true
			}
		}
		if err == nil && !taken {
			err = diag.Errorf(f.Pos, "add_cflags: %q is no source of target %q", f.Pattern, t.Name)
		} else if err != nil {
			err = diag.Errorf(f.Pos, "add_cflags: %q: %w", f.Pattern, err)
		}
		if err != nil {
			errs = append(errs, fillSource(err))
		}
	}
	return u, errors.Join(errs...)
}

// add gives a source what f has for it.
func (u *unit) add(name string, f Files) {
	e := u.extra[name]
	e.flags, e.includeDirs = append(e.flags, f.Flags...), append(e.includeDirs, f.IncludeDirs...)
	u.extra[name] = e
}

// nothingMatches says why the pattern of f stands for no file.
func nothingMatches(f Files) *diag.Diagnostic {
	if glob.HasMeta(f.Pattern) {
		return diag.Errorf(f.Pos, "add_files: %q matches no file in %s", f.Pattern, f.Dir)
	}
	path := f.Pattern
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.Dir, path)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return diag.Errorf(f.Pos, "add_files: %q is a folder; write %q for the sources in it", f.Pattern, strings.TrimRight(f.Pattern, "/")+"/*.bpf.c")
	}
	var siblings []string
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		siblings = append(siblings, e.Name())
	}
	hint := ""
	if near := diag.Near(filepath.Base(path), siblings); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %s?)", filepath.Join(filepath.Dir(f.Pattern), near[0]))
	}
	return diag.Errorf(f.Pos, "add_files: there is no file %q%s", f.Pattern, hint)
}

// fillSource adds the source line to err where it is a diagnostic.
func fillSource(err error) error {
	if d, ok := err.(*diag.Diagnostic); ok {
		d.FillSource()
	}
	return err
}

// relativeTo returns path relative to dir where it lies below it, so that neither
// objects nor what is noted of them depend on where the project is.
func relativeTo(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// inDir is the inverse of relativeTo.
func inDir(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
