// Package glob finds files by patterns in which ** stands for any number of folders.
package glob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// HasMeta reports whether pattern holds *, ? or [, so that it may match several files.
func HasMeta(pattern string) bool { return strings.ContainsAny(pattern, `*?[`) }

// Root returns the folder in which a search for pattern begins, and whether it goes on in folders below that.
func Root(dir, pattern string) (root string, below bool) {
	root = dir
	if filepath.IsAbs(pattern) {
		root = "/"
	}
	segments := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	for i, s := range segments {
		if HasMeta(s) || i == len(segments)-1 {
			return root, i < len(segments)-1
		}
		root = filepath.Join(root, s)
	}
	return root, false
}

// Files returns the files that pattern matches, sorted and without duplicates, as absolute paths when dir is one. A relative
// pattern starts at dir.
//
// *, ? and [...] are those of path/filepath.Match and do not cross folders; a
// segment ** matches any number of folders, none included. Names that begin with a dot
// match only a segment that begins with one, and ** does not enter such folders. Symbolic links are followed, but ** enters each
// folder only once, so that loops end. A file whose name is the pattern itself, character for character, is its only match.
//
// That nothing matches is no error. A malformed pattern is filepath.ErrBadPattern,
// and a folder that exists and cannot be read is its error.
func Files(dir, pattern string) ([]string, error) {
	full := pattern
	if !filepath.IsAbs(full) {
		full = filepath.Join(dir, pattern)
	}
	if isFile(full) {
		return []string{filepath.Clean(full)}, nil
	}
	if !HasMeta(pattern) {
		return nil, nil
	}

	// Only the pattern is one: dir may have any characters in its name.
	root, rest := dir, pattern
	if filepath.IsAbs(pattern) {
		root, rest = "/", pattern[1:]
	}
	segments := strings.FieldsFunc(rest, func(r rune) bool { return r == '/' })
	for _, s := range segments {
		if _, err := filepath.Match(s, ""); err != nil {
			return nil, err
		}
	}
	var found []string
	if err := match(root, segments, &found); err != nil {
		return nil, err
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// match adds the files below dir that segments describe to found.
func match(dir string, segments []string, found *[]string) error {
	segment, rest := segments[0], segments[1:]
	if segment == "**" {
		for len(rest) > 0 && rest[0] == "**" {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			rest = []string{"*"}
		}
		return matchTree(dir, rest, found)
	}
	if !HasMeta(segment) {
		return descend(filepath.Join(dir, segment), rest, found)
	}
	entries, err := readDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if hidden(e.Name()) && !hidden(segment) {
			continue
		}
		if ok, _ := filepath.Match(segment, e.Name()); !ok {
			continue
		}
		if err := descend(filepath.Join(dir, e.Name()), rest, found); err != nil {
			return err
		}
	}
	return nil
}

// descend takes path as a match of all segments so far.
func descend(path string, rest []string, found *[]string) error {
	if len(rest) > 0 {
		return match(path, rest, found)
	}
	if isFile(path) {
		*found = append(*found, path)
	}
	return nil
}

// folder identifies a directory whatever path leads to it.
type folder struct{ dev, ino uint64 }

// matchTree matches rest in dir and every folder below it. Linked folders come
// last, so that a file is found under its own name rather than through a link.
func matchTree(dir string, rest []string, found *[]string) error {
	seen := map[folder]bool{}
	real, links := []string{dir}, []string(nil)
	for len(real)+len(links) > 0 {
		if len(real) == 0 {
			real, links = links[:1], links[1:]
		}
		dir, real = real[0], real[1:]
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() {
			continue // a dangling link, or a link to a file
		}
		st := info.Sys().(*syscall.Stat_t)
		if id := (folder{st.Dev, st.Ino}); seen[id] {
			continue
		} else {
			seen[id] = true
		}
		if err := match(dir, rest, found); err != nil {
			return err
		}
		entries, err := readDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			switch {
			case hidden(e.Name()):
			case e.IsDir():
				real = append(real, path)
			case e.Type()&fs.ModeSymlink != 0:
				links = append(links, path)
			}
		}
	}
	return nil
}

// readDir lists dir. What is no folder, or is not there, has no entries.
func readDir(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("search files: %w", err)
	}
	return entries, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
