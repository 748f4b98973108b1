package executable

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
)

// cachePath is where ldconfig notes which file provides which library.
const cachePath = "/etc/ld.so.cache"

// cached returns the files that the dynamic loader's cache has for name.
func cached(name string) []string {
	b, err := os.ReadFile(cachePath)
	if err != nil {
		return nil
	}
	return parseCache(b, name)
}

// parseCache reads the format of glibc 2.2 and later (sysdeps/generic/dl-cache.h): struct cache_file_new, then struct file_entry_new
// for each library, then strings. Offsets count from the start of cache_file_new. An older table may precede it.
func parseCache(b []byte, name string) []string {
	const (
		magic  = "glibc-ld.so.cache1.1"
		header = 48
		entry  = 24
	)
	start := bytes.Index(b, []byte(magic))
	if start < 0 {
		return nil
	}
	b = b[start:]
	if len(b) < header {
		return nil
	}
	text := func(offset uint32) string {
		if uint64(offset) >= uint64(len(b)) {
			return ""
		}
		s := b[offset:]
		if end := bytes.IndexByte(s, 0); end >= 0 {
			s = s[:end]
		}
		return string(s)
	}
	count := uint64(binary.NativeEndian.Uint32(b[len(magic):]))
	var paths []string
	for i := range min(count, uint64(len(b)-header)/entry) {
		e := b[header+i*entry:]
		if matches(name, text(binary.NativeEndian.Uint32(e[4:]))) {
			if path := text(binary.NativeEndian.Uint32(e[8:])); path != "" {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// libraryDirs returns the folders of /etc/ld.so.conf, and the loader's own.
func libraryDirs() []string {
	dirs := readConf("/etc/ld.so.conf", 0)
	dirs = append(dirs, "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")
	multiarch, err := filepath.Glob("/usr/lib/*-linux-gnu*")
	if err == nil {
		dirs = append(dirs, multiarch...)
	}
	return dirs
}

// readConf reads a file as ldconfig does: a folder a line, or "include PATTERN".
func readConf(path string, depth int) []string {
	f, err := os.Open(path)
	if err != nil || depth > 8 {
		return nil
	}
	defer f.Close()
	var dirs []string
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		line = strings.TrimSpace(line)
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			files, err := filepath.Glob(strings.TrimSpace(pattern))
			if err != nil {
				continue
			}
			for _, f := range files {
				dirs = append(dirs, readConf(f, depth+1)...)
			}
		} else if filepath.IsAbs(line) {
			dirs = append(dirs, line)
		}
	}
	return dirs
}
