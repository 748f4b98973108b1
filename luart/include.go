package luart

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder/glob"
)

func (s *Script) includes(L *lua.LState) int {
	dir := s.dir(L)
	for _, pattern := range unpackStrings(L, "includes", "glob") {
		if glob.HasMeta(pattern) {
			root, _ := glob.Root(dir, pattern)
			s.reading(root)
		}
		files, err := includedFiles(dir, pattern)
		if err != nil {
			L.RaiseError("includes: %q: %v", pattern, err)
		}
		for _, file := range files {
			s.include(L, file)
		}
	}
	return 0
}

// includedFiles returns the scripts that a pattern in folder dir stands for: files, and the project.lua of folders.
// That there are none is an error.
func includedFiles(dir, pattern string) ([]string, error) {
	files, err := glob.Files(dir, pattern)
	if err == nil && glob.HasMeta(pattern) {
		files = slices.DeleteFunc(files, func(f string) bool { return filepath.Ext(f) != ".lua" })
	}
	var inFolders []string
	if err == nil {
		inFolders, err = glob.Files(dir, filepath.Join(pattern, "project.lua"))
	}
	files = slices.Concat(files, inFolders)
	switch {
	case errors.Is(err, filepath.ErrBadPattern):
		return nil, errors.New("the glob is malformed: a [ is not closed, or a \\ stands at its end")
	case err != nil:
		return nil, cause(err)
	case len(files) > 0:
		slices.Sort(files)
		return slices.Compact(files), nil
	case glob.HasMeta(pattern):
		return nil, errors.New("there is no such file.lua, and no such folder with a project.lua")
	}
	if info, err := os.Stat(absolute(dir, pattern)); err == nil && info.IsDir() {
		return nil, errors.New("the folder has no project.lua")
	}
	return nil, errors.New("there is no such file or folder")
}

// include executes a file, once. It begins at root, where it inherits the defaults of the
// including file; its own defaults end with it.
func (s *Script) include(L *lua.LState, file string) {
	fn, err := s.readChunk(L, file)
	if err != nil {
		s.raise(L, err)
	}
	if fn == nil {
		return // loaded before, or being loaded
	}
	d := s.describe
	current, above := d.current, d.root
	defer func() { d.current, d.root = current, above }() // also when the error of the file is caught by a script
	d.current, d.root = nil, &root{above: above}
	L.Push(fn)
	L.Call(0, 0)
}
