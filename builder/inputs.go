package builder

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/glob"
)

// Inputs is what the objects of a project are made from, and where more of it may appear.
type Inputs struct {
	Files []string // absolute paths of sources, ready objects and headers, as of the last build
	// Dirs are the folders in which patterns and clang look: a file that appears there may become an input.
	Dirs []string
}

// maxDirs bounds the folders below patterns with ** that are listed.
const maxDirs = 10000

// FindInputs returns the inputs of all targets of p, by what is in its folders and what was noted when it was built. Folders
// whose names begin with a dot are not among them, nor is node_modules below **, unless it holds an input already.
func FindInputs(p *Project) *Inputs {
	in := &Inputs{}
	for _, t := range p.Targets {
		for _, f := range t.Files {
			in.search(f)
		}
		in.Dirs = append(in.Dirs, t.IncludeDirs...)
	}
	for _, dir := range buildDirs(p, cachedir.New(nil)) {
		for _, r := range loadIndex(dir).Objects {
			for _, input := range r.Inputs {
				path := inDir(p.Dir, input.Name)
				if inside, err := filepath.Rel(dir, path); err != nil || !filepath.IsLocal(inside) {
					in.Files = append(in.Files, path)
				}
			}
		}
	}
	for _, f := range in.Files {
		in.Dirs = append(in.Dirs, filepath.Dir(f))
	}
	for _, list := range []*[]string{&in.Files, &in.Dirs} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return in
}

// search adds what a pattern stands for.
func (in *Inputs) search(f Files) {
	if found, err := glob.Files(f.Dir, f.Pattern); err == nil {
		in.Files = append(in.Files, found...)
	}
	root, below := glob.Root(f.Dir, f.Pattern)
	in.Dirs = append(in.Dirs, root)
	if !below {
		return
	}
	added := 0
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil, !d.IsDir(), path == root: // what cannot be read the build complains of
			return nil
		case strings.HasPrefix(d.Name(), "."), d.Name() == "node_modules":
			return filepath.SkipDir
		case added == maxDirs:
			return filepath.SkipAll
		}
		added++
		in.Dirs = append(in.Dirs, path)
		return nil
	})
}
