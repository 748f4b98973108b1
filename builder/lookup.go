package builder

import (
	"path/filepath"
	"slices"
)

// lookup is where clang looks for the headers of a source, the project's own folders first. It tells when a
// file appears that clang would take in place of one that it took: a dep file cannot.
type lookup struct {
	own    []string // of the project: the source's folder and the include folders
	system []string
}

// rivals yields the names of files that clang would have taken instead of the headers in r, were they there.
func (l *lookup) rivals(r *record, yield func(name string) bool) {
	dirs := slices.Concat(l.own, l.system)
	for _, in := range r.Inputs {
		// The folder in which clang found it is the last that it can be in.
		for i := len(dirs) - 1; i > 0; i-- {
			rel, err := filepath.Rel(dirs[i], in.Name)
			if err != nil || !filepath.IsLocal(rel) {
				continue
			}
			for _, dir := range l.own[:min(i, len(l.own))] {
				if rival := filepath.Join(dir, rel); rival != in.Name && !yield(rival) {
					return
				}
			}
			break
		}
	}
	if r.Vmlinux != "" {
		for _, dir := range l.own {
			if !yield(filepath.Join(dir, vmlinuxName)) {
				return
			}
		}
	}
}

// passed returns the rivals that are there, and were not taken.
func (l *lookup) passed(f *files, r *record) []string {
	var names []string
	l.rivals(r, func(name string) bool {
		if f.exists(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return true
	})
	return names
}

// changed reports whether a rival is there that was not when the object of r was made.
func (l *lookup) changed(f *files, r *record) bool {
	changed := false
	l.rivals(r, func(name string) bool {
		changed = f.exists(name) && !slices.Contains(r.Passed, name)
		return !changed
	})
	return changed
}
