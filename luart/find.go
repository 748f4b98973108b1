package luart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoProject is what is wrong where a project.lua is wanted and there is none.
var ErrNoProject = errors.New("no project.lua")

// Find returns the project.lua in folder dir or in the nearest folder above it that has one.
func Find(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find project.lua: %w", err)
	}
	for d := dir; ; d = filepath.Dir(d) {
		file := filepath.Join(d, "project.lua")
		info, err := os.Stat(file)
		switch {
		case err == nil && !info.IsDir():
			return file, nil
		case err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission):
			return "", fmt.Errorf("find project.lua: %w", err)
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("%w in %s or above; make one with: ebpfx new NAME", ErrNoProject, dir)
		}
	}
}
