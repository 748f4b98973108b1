package cachedir

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
)

// Made is Checked for a large file that a program writes: fill has to write it to path. Of several processes
// and goroutines one makes it, the others wait for that. The content is never held in memory.
//
// A file that nobody asked for in a long time is removed when another of the same folder is made: name is
// FOLDER/NAME, and all files of the folder are such.
func (c *Cache) Made(ctx context.Context, name string, fill func(path string) error) (string, error) {
	if path := c.Find(name); path != "" && isWhole(path) {
		touch(path)
		return path, nil
	}
	return c.first(name, func(p place, path string) error {
		if err := p.mkdir(filepath.Dir(path)); err != nil {
			return err
		}
		unlock, err := lock(ctx, path+lockSuffix)
		if err != nil {
			return err
		}
		defer unlock()
		if isWhole(path) {
			return nil // another has made it meanwhile
		}
		removeUnused(filepath.Dir(path))
		return p.fill(path, fill)
	})
}

// fill has a file made beside path, and moves it there.
func (p place) fill(path string, fill func(path string) error) (err error) {
	tmp := path + "." + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	if err := fill(tmp); err != nil {
		return err
	}
	sum, err := sumFile(tmp)
	if err != nil {
		return err
	}
	if err := p.write(path+sumSuffix, []byte(sum)); err != nil {
		return err
	}
	return atomicfile.Move(tmp, path)
}

// lockSuffix ends the name of the file that is locked while another is made.
const lockSuffix = ".lock"

// lockRetry is how often one that waits for another looks whether it has ended.
const lockRetry = 20 * time.Millisecond

// lock waits until nobody else holds the lock at path. The kernel releases the lock of a process that dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(lockRetry):
		}
	}
}

// isWhole reports whether the file at path is what was kept.
func isWhole(path string) bool {
	want := readSum(path)
	if want == "" {
		return false
	}
	sum, err := sumFile(path)
	return err == nil && sum == want
}

func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := crc32.New(castagnoli)
	n, err := io.Copy(h, f)
	if err != nil {
		return "", err
	}
	return formatSum(n, h.Sum32()), nil
}

// Files are kept for unusedAfter from the last time that somebody asked for them, which is noted once in touchAfter.
const (
	unusedAfter = 30 * 24 * time.Hour
	touchAfter  = 24 * time.Hour
)

// touch notes that the file at path is in use.
func touch(path string) {
	now := time.Now()
	if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()).Abs() > touchAfter {
		// Where that fails, as in a cache that cannot be written, nothing is removed either.
		_ = os.Chtimes(path, now, now)
	}
}

// removeUnused removes what nobody asked for in a long time from dir, and what was never finished.
func removeUnused(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || filepath.Ext(e.Name()) == lockSuffix || time.Since(info.ModTime()) < unusedAfter {
			continue
		}
		if filepath.Ext(e.Name()) == sumSuffix {
			// It is as old as the file was when it was made.
			if _, err := os.Stat(filepath.Join(dir, e.Name()[:len(e.Name())-len(sumSuffix)])); err == nil {
				continue
			}
		}
		os.Remove(filepath.Join(dir, e.Name()))
	}
}
