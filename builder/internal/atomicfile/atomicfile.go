// Package atomicfile writes files that are there whole or not at all.
package atomicfile

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Write puts data into the file at path by way of a temporary file beside it, so
// that readers see the old content or the new one. On an error nothing is left behind.
func Write(path string, data []byte) (err error) {
	tmp := path + "." + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return Move(tmp, path)
}

// Move renames the finished file tmp to path, which is on the same file system.
func Move(tmp, path string) error {
	if err := inherit(tmp, filepath.Dir(path)); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// MkdirAll makes dir and the folders above it that are missing.
func MkdirAll(dir string, perm fs.FileMode) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return err
	}
	if err := MkdirAll(parent, perm); err != nil {
		return err
	}
	if err := os.Mkdir(dir, perm); err != nil {
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return nil // made by somebody else just now
		}
		return err
	}
	return inherit(dir, parent)
}

// inherit gives path to the owner of folder dir when root made it in a folder of
// somebody else: sudo ebpfx run must not leave files that their user cannot replace.
func inherit(path, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	if owner.Uid == 0 || info.Mode()&os.ModeSticky != 0 {
		return nil
	}
	// A file system without owners, or a container that may not chown: as good as it gets.
	if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil && !os.IsPermission(err) {
		return fmt.Errorf("give file to the folder's owner: %w", err)
	}
	return nil
}
