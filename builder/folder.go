package builder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// Names in the build folder, beside the objects and the index.
const (
	buildFolder = ".ebpfx"
	objFolder   = "obj"  // objects of single sources of targets that have several
	lockFile    = "lock" // held while a build writes
	tmpPrefix   = "tmp-" // folder of what is not finished
)

// buildDirs returns the folders where objects of p may lie, the preferred one first: beside
// project.lua, and in the cache for a project that cannot be written or is not to be.
func buildDirs(p *Project, cache *cachedir.Cache) []string {
	if p.InCache {
		return cache.Dirs(cacheName(p))
	}
	return append([]string{filepath.Join(p.Dir, buildFolder, p.variant())}, cache.Dirs(cacheName(p))...)
}

// variant returns the folder in the build folder for objects that are not the usual ones, or "".
func (p *Project) variant() string {
	arch := p.Arch
	if t, err := toolchain.TargetNamed(arch); arch != "" && err == nil {
		if t == toolchain.HostTarget() {
			arch = ""
		}
		for _, name := range toolchain.Machines() { // one name for all that mean the same
			if same, err := toolchain.TargetNamed(name); arch != "" && err == nil && same == t {
				arch = name
			}
		}
	}
	return strings.Trim(p.Mode+"-"+arch, "-")
}

// cacheName returns the name that the build folder of p has in the cache.
func cacheName(p *Project) string {
	sum := sha256.Sum256([]byte(p.Dir))
	return filepath.Join(fmt.Sprintf("build/%s-%x", fileName(filepath.Base(p.Dir)), sum[:8]), p.variant())
}

// makeBuildDir makes the folder that objects are to go to: beside project.lua if that can be written.
func (b *build) makeBuildDir() (string, error) {
	if b.project.InCache {
		dir, err := b.cache.Dir(cacheName(b.project))
		if err == nil {
			err = prepareBuildDir(dir)
		}
		if err != nil {
			return "", fmt.Errorf("make build folder: %w", err)
		}
		return dir, nil
	}
	dir := filepath.Join(b.project.Dir, buildFolder, b.project.variant())
	err := prepareBuildDir(dir)
	if err == nil {
		return dir, nil
	}
	if !unwritable(err) {
		return "", fmt.Errorf("make build folder: %w", err)
	}
	dir, cacheErr := b.cache.Dir(cacheName(b.project))
	if cacheErr == nil {
		cacheErr = prepareBuildDir(dir)
	}
	if cacheErr != nil {
		return "", fmt.Errorf("make build folder: %w; nor can one be made in the cache: %w", err, cacheErr)
	}
	b.told.notice(fmt.Sprintf("objects are kept in %s: %v", dir, err))
	return dir, nil
}

// prepareBuildDir makes a build folder where it is missing, and sees that it can be written.
func prepareBuildDir(dir string) error {
	if err := atomicfile.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := cachedir.Writable(dir); err != nil {
		return err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); err == nil {
		return nil
	}
	return atomicfile.Write(ignore, []byte("*\n"))
}

// unwritable reports whether err is about a folder that this user cannot write, as opposed to a full disk.
func unwritable(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)
}

// lockRetry is how often a build that waits for another looks whether it has ended.
const lockRetry = 50 * time.Millisecond

// lock waits until no other build writes to dir. The kernel releases the lock of a build that dies, so
// it is never stale; what such a build left half-made is removed here.
func lock(ctx context.Context, dir string, notice func(string)) (unlock func(), err error) {
	told := false
	for {
		f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("lock build folder: %w", err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil && isFile(f):
			return func() { f.Close() }, removeUnfinished(dir)
		case err == nil:
			// The folder was cleaned meanwhile, and this lock with it.
			if err := atomicfile.MkdirAll(dir, 0o755); err != nil {
				f.Close()
				return nil, fmt.Errorf("make build folder: %w", err)
			}
		case errors.Is(err, syscall.EWOULDBLOCK):
			if !told {
				notice("waiting for another build of this project to end")
				told = true
			}
		case !errors.Is(err, syscall.EINTR):
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		f.Close()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockRetry):
		}
	}
}

// isFile reports whether f is still what its name stands for.
func isFile(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(f.Name())
	return err == nil && os.SameFile(opened, named)
}

// removeUnfinished removes what builds that were killed left in dir.
func removeUnfinished(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err == nil && strings.HasPrefix(e.Name(), tmpPrefix) {
			err = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("tidy build folder: %w", err)
	}
	return nil
}

// Clean removes what builds of p left: the folder .ebpfx/ beside project.lua, and the one in the cache where objects of a
// project lie that cannot be written. A symbolic link in either's place is removed itself, not what it points to.
func Clean(p *Project) error {
	for _, dir := range buildDirs(p, cachedir.New(nil)) {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("clean %s: %w", p.Dir, err)
		}
	}
	return nil
}
