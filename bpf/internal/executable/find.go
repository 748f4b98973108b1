// Package executable finds executables and shared libraries as the shell and the
// dynamic loader would, and tells which symbols they have.
package executable

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Find returns the absolute path of the executable or library called name, which is an ELF file. A name with a slash is a
// path. Others are searched in PATH, and as libraries in LD_LIBRARY_PATH, the dynamic loader's cache and its
// folders; "libc" finds libc.so.6.
func Find(name string) (string, error) {
	if strings.Contains(name, "/") {
		return check(name)
	}
	if !strings.Contains(name, ".so") {
		if path, err := exec.LookPath(name); err == nil {
			return check(path)
		}
	}
	if path := findLibrary(name); path != "" {
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return check(path)
	}
	return "", fmt.Errorf("no binary named %s, neither in PATH nor where the dynamic loader looks", name)
}

// check returns the absolute path of an ELF file.
func check(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("open binary %s: %w", name, err)
	}
	info, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return "", fmt.Errorf("open binary %s: %w", name, failed.Err)
	case err != nil:
		return "", fmt.Errorf("open binary %s: %w", name, err)
	case info.IsDir():
		return "", fmt.Errorf("open binary %s: it is a folder", name)
	}
	f, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("open binary %s: it is no ELF file; for a script name its interpreter", name)
	}
	return path, f.Close()
}

func findLibrary(name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
		if path := inDir(dir, name); path != "" {
			return path
		}
	}
	for _, path := range cached(name) {
		if native(path) {
			return path
		}
	}
	for _, dir := range libraryDirs() {
		if path := inDir(dir, name); path != "" {
			return path
		}
	}
	return ""
}

// matches reports whether the file called file is what name asks for.
func matches(name, file string) bool {
	return file == name || !strings.Contains(name, ".so") && strings.HasPrefix(file, name+".so")
}

func inDir(dir, name string) string {
	if path := filepath.Join(dir, name); native(path) {
		return path
	}
	if strings.Contains(name, ".so") {
		return ""
	}
	found, err := filepath.Glob(filepath.Join(dir, name+".so*"))
	if err != nil {
		return ""
	}
	slices.Sort(found)
	for _, path := range found {
		if native(path) {
			return path
		}
	}
	return ""
}

// native reports whether path is an ELF file for the machine that this process was built for. A folder of 32-bit
// libraries may come first, and lib.so may be a linker script.
func native(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	self, err := elf.Open("/proc/self/exe")
	if err != nil {
		return true
	}
	defer self.Close()
	return f.Class == self.Class && f.Machine == self.Machine
}
