// Package cachedir keeps files that are shared by all projects of a user: headers
// that are made once for a kernel or a compiler.
package cachedir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
)

// Cache is where the files lie: $XDG_CACHE_HOME/ebpfx, or ~/.cache/ebpfx, or, when that cannot be
// written, a private folder among the temporary files. A file's name says
// what is in it, as by a hash, so a file that is there is right, and never changes.
//
// Several goroutines may use it.
type Cache struct {
	dirs   []place
	notice func(string)
	told   sync.Once
}

type place struct {
	path    string
	private bool // among the temporary files, where anybody may have made it
}

// New returns the cache of the user. notice is told, once, where files went that could not
// be written to the preferred place, and why; nil: silent. Nothing is made yet.
func New(notice func(string)) *Cache {
	c := &Cache{notice: notice}
	// By the XDG base directory specification a relative path is to be ignored.
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		c.dirs = append(c.dirs, place{path: filepath.Join(dir, "ebpfx")})
	} else if home := os.Getenv("HOME"); filepath.IsAbs(home) {
		c.dirs = append(c.dirs, place{path: filepath.Join(home, ".cache", "ebpfx")})
	}
	c.dirs = append(c.dirs, place{
		path:    filepath.Join(os.TempDir(), fmt.Sprintf("ebpfx-%d", os.Geteuid())),
		private: true,
	})
	return c
}

// Find returns the path of the file called name, a slash-separated path, or "" when no place has it.
func (c *Cache) Find(name string) string {
	for _, dir := range c.dirs {
		if dir.private && checkPrivate(dir.path) != nil {
			continue
		}
		path := filepath.Join(dir.path, filepath.FromSlash(name))
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// File returns the path of the file called name. When no place has it, content
// makes it, and it is kept in the first place that can be written. Several processes may do so at once.
func (c *Cache) File(name string, content func() ([]byte, error)) (string, error) {
	if path := c.Find(name); path != "" {
		return path, nil
	}
	data, err := content()
	if err != nil {
		return "", err
	}
	return c.write(name, data)
}

// write keeps a file in the first place that can be written.
func (c *Cache) write(name string, data []byte) (string, error) {
	return c.first(name, func(p place, path string) error { return p.write(path, data) })
}

// first has keep put a file called name at path in one place after the other, until one takes it.
func (c *Cache) first(name string, keep func(p place, path string) error) (string, error) {
	var first error
	for _, dir := range c.dirs {
		path := filepath.Join(dir.path, filepath.FromSlash(name))
		err := keep(dir, path)
		if err == nil {
			if first != nil {
				c.tell(fmt.Sprintf("the cache is in %s for now: %v", dir.path, first))
			}
			return path, nil
		}
		if first == nil {
			first = err
		}
	}
	return "", fmt.Errorf("keep %s in the cache: %w; set XDG_CACHE_HOME to a folder that can be written", name, first)
}

// Dir returns a folder called name that can be written, and makes it where it is missing.
func (c *Cache) Dir(name string) (string, error) {
	var first error
	for _, dir := range c.dirs {
		path := filepath.Join(dir.path, filepath.FromSlash(name))
		err := dir.mkdir(path)
		if err == nil {
			err = Writable(path)
		}
		if err == nil {
			return path, nil
		}
		if first == nil {
			first = err
		}
	}
	return "", first
}

// Dirs returns the paths that a folder called name has in every place that may be
// used, whether it exists or not, in the order in which they are tried.
func (c *Cache) Dirs(name string) []string {
	var paths []string
	for _, dir := range c.dirs {
		if !dir.private || checkPrivate(dir.path) == nil {
			paths = append(paths, filepath.Join(dir.path, filepath.FromSlash(name)))
		}
	}
	return paths
}

// Contains reports whether path lies in the cache.
func (c *Cache) Contains(path string) bool {
	for _, dir := range c.dirs {
		if rel, err := filepath.Rel(dir.path, path); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

func (c *Cache) tell(text string) {
	if c.notice != nil {
		c.told.Do(func() { c.notice(text) })
	}
}

func (p place) write(path string, data []byte) error {
	if err := p.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

func (p place) mkdir(dir string) error {
	if p.private {
		if err := os.Mkdir(p.path, 0o700); err != nil && !os.IsExist(err) {
			return err
		}
		if err := checkPrivate(p.path); err != nil {
			return err
		}
	}
	return atomicfile.MkdirAll(dir, 0o755)
}

// checkPrivate returns an error unless dir is a folder that nobody else can
// write: what is in it goes into programs that run in the kernel.
func checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || int(st.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return &fs.PathError{Op: "use", Path: dir, Err: fmt.Errorf("it is not a folder that only its user can write")}
	}
	return nil
}

// Writable returns an error unless files can be made in dir: access(2), so it knows of
// read-only file systems, and of root, who passes by permissions.
func Writable(dir string) error {
	const writeAndSearch = 2 | 1 // W_OK|X_OK
	if err := syscall.Access(dir, writeAndSearch); err != nil {
		return &fs.PathError{Op: "write", Path: dir, Err: err}
	}
	return nil
}
