// Package scaffold writes the projects that "ebpfx new" makes.
//
// A template is a folder under templates/: target.lua, which is a part of project.lua, and one
// source, NAME.bpf.c. A project is any number of them in one project.lua, and what editors need to know ebpfx's functions.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart/reference"
)

//go:embed templates
var sources embed.FS

// Template is one kind of program to start from.
type Template struct {
	Name        string
	Description string // a phrase
}

// Templates returns the templates, the simplest first.
func Templates() []Template {
	return []Template{
		{"tracepoint", "which files are opened, from a tracepoint of the kernel"},
		{"uprobe", "which host names are looked up, from a function of libc"},
		{"perf_event", "where the CPUs spend their time, sampled 49 times a second"},
		{"xdp", "which packets arrive, from the earliest hook of the network"},
	}
}

// Check reports an error for a name that no template has, or that comes twice.
func Check(names []string) error {
	var all []string
	for _, t := range Templates() {
		all = append(all, t.Name)
	}
	for i, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("unknown template %q%s; there are: %s", name, diag.DidYouMean(name, all), strings.Join(all, ", "))
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("template %s is named twice", name)
		}
	}
	return nil
}

// Write makes the folder dir, and in it a project of the templates called names, and returns the paths of its files.
// The project is called as the folder is. A folder that exists must be
// empty. When writing fails nothing of it stays behind.
func Write(dir string, names []string) (paths []string, err error) {
	files, err := render(projectName(dir), names)
	if err != nil {
		return nil, err
	}
	made, err := makeEmpty(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			return
		}
		for _, f := range files {
			os.Remove(filepath.Join(dir, f.name))
			os.Remove(filepath.Join(dir, filepath.Dir(f.name))) // if it is a folder that is empty now
		}
		for _, m := range made {
			os.Remove(m)
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, fmt.Errorf("make the project: %w", err)
		}
		if err := create(path, f.text); err != nil {
			return nil, fmt.Errorf("make the project: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

type file struct {
	name string // with slashes, relative to the project
	text []byte
}

// render returns the files of a project.
func render(project string, names []string) ([]file, error) {
	lua := bytes.NewBufferString("set_project(" + luaString(project) + ")\n")
	var programs []file
	for _, name := range names {
		target, err := sources.ReadFile("templates/" + name + "/target.lua")
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(lua, "\n%s", target)
		source, err := sources.ReadFile("templates/" + name + "/" + name + ".bpf.c")
		if err != nil {
			return nil, err
		}
		programs = append(programs, file{"src/" + name + ".bpf.c", source})
	}
	files := append([]file{{"project.lua", lua.Bytes()}}, programs...)
	return append(files,
		file{reference.SettingsFile, []byte(reference.Settings())},
		file{reference.TypesFile, []byte(reference.Types())}), nil
}

// projectName returns what the project in dir is called.
func projectName(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	return filepath.Base(abs)
}

// luaString quotes s for Lua. Go's escapes differ from Lua's, which has decimal ones.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// makeEmpty makes dir with its parents, or finds it empty but for what git init leaves. It returns the folders that it made, the innermost first.
func makeEmpty(dir string) (made []string, err error) {
	entries, err := os.ReadDir(dir)
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == ".git" })
	switch {
	case err == nil && len(entries) > 0:
		return nil, fmt.Errorf("make the project: %s exists and is not empty; choose another name", dir)
	case err == nil:
		return nil, nil
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("make the project: %w", err)
	}
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); err == nil {
			break
		}
		made = append(made, d)
		if d == filepath.Dir(d) {
			break
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		for _, m := range made {
			os.Remove(m)
		}
		return nil, fmt.Errorf("make the project: %w", err)
	}
	return made, nil
}

// create writes a file that does not exist yet.
func create(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
