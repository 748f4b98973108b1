// Package executable finds executables and shared libraries as the shell and the
// dynamic loader would, and tells which symbols they have.
package executable

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Location is where a binary was found.
type Location struct {
	// Name is its path, as the process that was asked for has it, or else this one.
	Name string

	path string // to open
	root string // folder that path, and links on the way, start at; "": the root of this process
}

// Find returns the executable or library called name, which is an ELF file. A name with a slash is a path. Others
// are searched in PATH, and as libraries in LD_LIBRARY_PATH, the dynamic loader's cache and its folders; "libc"
// finds libc.so.6.
//
// With a pid, all of that is meant as the process has it. It may have a root of its own, as those in containers do. What it has
// mapped comes first, also where the file was deleted, or replaced by another since. pid 0 stands for any process.
func Find(name string, pid int) (Location, error) {
	fs := finder{}
	if pid != 0 {
		l, ok, err := findMapped(name, pid)
		if ok || err != nil {
			return l, err
		}
		fs.root = rootOf(pid)
	} else if m := processRoot.FindStringSubmatch(name); m != nil {
		// An absolute link in there is meant as those see it who live there.
		fs.root, name = m[1], m[2]
	}
	return fs.find(name)
}

// processRoot is how a file of a process in another mount namespace is written.
var processRoot = regexp.MustCompile(`^(/proc/[0-9]+/root)(/.+)$`)

// finder looks for files below a root.
type finder struct {
	root string // "": that of this process
}

func (fs finder) find(name string) (Location, error) {
	if strings.Contains(name, "/") {
		return fs.check(name)
	}
	if !strings.Contains(name, ".so") {
		if path := fs.lookPath(name); path != "" {
			return fs.check(path)
		}
	}
	if path := fs.library(name); path != "" {
		return fs.check(path)
	}
	if path := fs.lookPath(name); path != "" {
		return fs.check(path)
	}
	return Location{}, fmt.Errorf("no binary named %s, neither in PATH nor where the dynamic loader looks", name)
}

// check returns the location of an ELF file.
func (fs finder) check(name string) (Location, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return Location{}, fmt.Errorf("open binary %s: %w", name, err)
	}
	l := fs.at(path)
	f, err := l.Open()
	if err != nil {
		return Location{}, err
	}
	return l, f.Close()
}

func (fs finder) at(path string) Location { return Location{Name: path, path: path, root: fs.root} }

// lookPath returns the program called name, or "".
func (fs finder) lookPath(name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		f, err := fs.at(filepath.Join(dir, name)).open()
		if err != nil {
			continue
		}
		info, err := f.Stat()
		f.Close()
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

func (fs finder) library(name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
		if path := fs.inDir(dir, name); path != "" {
			return path
		}
	}
	for _, path := range fs.cached(name) {
		if fs.native(path) {
			return path
		}
	}
	for _, dir := range fs.libraryDirs() {
		if path := fs.inDir(dir, name); path != "" {
			return path
		}
	}
	return ""
}

// matches reports whether the file called file is what name asks for.
func matches(name, file string) bool {
	return file == name || !strings.Contains(name, ".so") && strings.HasPrefix(file, name+".so")
}

func (fs finder) inDir(dir, name string) string {
	if path := filepath.Join(dir, name); fs.native(path) {
		return path
	}
	if strings.Contains(name, ".so") {
		return ""
	}
	for _, path := range fs.glob(filepath.Join(dir, name+".so*")) {
		if fs.native(path) {
			return path
		}
	}
	return ""
}

// glob returns the files of a folder that match, sorted. Only the last part of the path is a pattern.
func (fs finder) glob(pattern string) []string {
	dir, pattern := filepath.Split(pattern)
	f, err := fs.at(dir).open()
	if err != nil {
		return nil
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var found []string
	for _, name := range names {
		if ok, err := filepath.Match(pattern, name); ok && err == nil {
			found = append(found, filepath.Join(dir, name))
		}
	}
	slices.Sort(found)
	return found
}

// native reports whether path is an ELF file for the machine that this process was built for. A folder of 32-bit
// libraries may come first, and lib.so may be a linker script.
func (fs finder) native(path string) bool {
	f, err := fs.at(path).Open()
	if err != nil {
		return false
	}
	defer f.Close()
	class, machine := self()
	return class == elf.ELFCLASSNONE || f.ELF.Class == class && f.ELF.Machine == machine
}

// self tells what this process was built for.
var self = sync.OnceValues(func() (elf.Class, elf.Machine) {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		return elf.ELFCLASSNONE, elf.EM_NONE
	}
	defer f.Close()
	return f.Class, f.Machine
})
