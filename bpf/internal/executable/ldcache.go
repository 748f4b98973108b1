package executable

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"path/filepath"
	"strings"
)

// cachePath is where ldconfig notes which file provides which library.
const cachePath = "/etc/ld.so.cache"

// maxCache bounds what is read of it. Real ones have some 100 KB.
const maxCache = 64 << 20

// cached returns the files that the dynamic loader's cache has for name.
func (fs finder) cached(name string) []string {
	f, err := fs.at(cachePath).open()
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCache))
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
func (fs finder) libraryDirs() []string {
	dirs := fs.readConf("/etc/ld.so.conf", 0)
	dirs = append(dirs, "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")
	return append(dirs, fs.glob("/usr/lib/*-linux-gnu*")...)
}

// maxIncludes is how deep files may include each other.
const maxIncludes = 8

// readConf reads a file as ldconfig does: a folder a line, or "include PATTERN".
func (fs finder) readConf(path string, depth int) []string {
	f, err := fs.at(path).open()
	if err != nil {
		return nil
	}
	defer f.Close()
	var dirs []string
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		line = strings.TrimSpace(line)
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			for _, f := range fs.glob(strings.TrimSpace(pattern)) {
				if depth < maxIncludes {
					dirs = append(dirs, fs.readConf(f, depth+1)...)
				}
			}
		} else if filepath.IsAbs(line) {
			dirs = append(dirs, line)
		}
	}
	return dirs
}
