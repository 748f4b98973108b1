package filewatch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Content is what is in a file, or which files are in a folder, at a time. Two are compared with Same and Untouched.
type Content struct {
	state state
	hash  [sha256.Size]byte // zero for what does not exist
}

// Same reports whether a holds what b does.
func (a Content) Same(b Content) bool { return a.hash == b.hash }

// Untouched reports whether nothing was written between a and b, not even the same again.
func (a Content) Untouched(b Content) bool { return a == b }

// ChangedAfter reports whether what is there was written or renamed after t, and whether it is gone.
func (a Content) ChangedAfter(t time.Time) bool {
	return a.state == state{} || a.state.changed.After(t.Add(-tick))
}

// Contents reads what is in files and folders, again only where something was written. The zero Contents is ready for use.
type Contents struct{ read map[string]Content }

// File returns what is in a file.
func (c *Contents) File(path string) Content {
	return c.content(path, func() ([sha256.Size]byte, error) {
		var sum [sha256.Size]byte
		f, err := os.Open(path)
		if err != nil {
			return sum, err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return sum, err
		}
		return [sha256.Size]byte(h.Sum(nil)), nil
	})
}

// Folder returns which folders and files of some extensions are in a folder, but for those whose names begin with a dot.
func (c *Contents) Folder(path string, extensions []string) Content {
	return c.content(path, func() ([sha256.Size]byte, error) {
		entries, err := os.ReadDir(path) // sorted
		var names strings.Builder
		for _, e := range entries {
			name := e.Name()
			if !strings.HasPrefix(name, ".") && (e.IsDir() || slices.Contains(extensions, filepath.Ext(name))) {
				fmt.Fprintf(&names, "%s %t\x00", name, e.IsDir())
			}
		}
		return sha256.Sum256([]byte(names.String())), err
	})
}

// content returns what read reads of path, unless that was read before. An error is a content, too.
func (c *Contents) content(path string, read func() ([sha256.Size]byte, error)) Content {
	before := stateOf(path)
	if known, ok := c.read[path]; ok && known.state == before {
		return known
	}
	now := Content{state: before}
	var err error
	if now.hash, err = read(); err != nil && !os.IsNotExist(err) {
		now.hash = sha256.Sum256([]byte(err.Error()))
	}
	if c.read == nil {
		c.read = make(map[string]Content)
	}
	// What is written within a tick of the clock may look untouched.
	if stateOf(path) == before && time.Since(before.changed) > 2*tick {
		c.read[path] = now
	} else {
		delete(c.read, path)
	}
	return now
}
