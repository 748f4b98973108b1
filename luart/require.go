package luart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// requiring stands in for a module that is being loaded.
var requiring = &lua.LUserData{}

// require is Lua's require for modules in the project: a.b is a/b.lua or a/b/init.lua in the folder of
// the calling file, or in the project's. The name of a library gives that library.
func (s *Script) require(L *lua.LState) int {
	var name string
	unpack(L, "require", "name", &name)
	if isLibrary[name] {
		L.Push(L.GetGlobal(name))
		return 1
	}
	path, err := s.findModule(s.dir(L), name)
	if err != nil {
		L.RaiseError("require: %v", err)
	}
	value, ok := s.required[path]
	if ok {
		if value == requiring {
			L.RaiseError("require: the module %q requires itself", name)
		}
		L.Push(value)
		return 1
	}
	fn, err := s.readChunk(L, path)
	if err != nil {
		s.raise(L, err)
	}
	if fn == nil {
		L.RaiseError("require: %s was loaded before by includes, or failed", displayPath(path))
	}
	s.required[path] = requiring
	L.Push(fn)
	L.Push(lua.LString(name))
	L.Call(1, 1)
	value = L.Get(-1)
	if value == lua.LNil {
		value = lua.LTrue // as in Lua, for a module that returns nothing
	}
	s.required[path] = value
	L.Push(value)
	return 1
}

// findModule returns the file of a module, with symbolic links resolved.
func (s *Script) findModule(dir, name string) (string, error) {
	relative := strings.ReplaceAll(name, ".", string(filepath.Separator))
	if !filepath.IsLocal(relative) && !s.requireHost {
		return "", fmt.Errorf("the module %q is not inside the project", name)
	}
	for _, folder := range []string{dir, s.project.Dir} {
		for _, file := range []string{relative + ".lua", filepath.Join(relative, "init.lua")} {
			path, err := filepath.EvalSymlinks(filepath.Join(folder, file))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return "", fmt.Errorf("find the module %q: %w", name, err)
			}
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				continue
			}
			if !s.requireHost && !s.inProject(path) {
				return "", fmt.Errorf("the module %q is not inside the project: it is %s", name, path)
			}
			return path, nil
		}
	}
	return "", fmt.Errorf("no module %q: there is no %s.lua in %s", name, relative, displayPath(s.project.Dir))
}

// inProject reports whether a path without symbolic links lies in the project's folder.
func (s *Script) inProject(path string) bool {
	dir, err := filepath.EvalSymlinks(s.project.Dir)
	if err != nil {
		return false
	}
	relative, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(relative)
}
