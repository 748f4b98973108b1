package header

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/builder/cachedir"
)

//go:embed compat
var compat embed.FS

// CompatID identifies the content of the headers of Compat.
var CompatID = contentID(compatText())

// Compat returns the folders that clang is to search before the system's (clang -isystem): one, or several where the cache had no
// room for all in one place. Their headers have the names of libbpf's, include them, and define what newer versions
// than 1.1 define and those on this machine do not: BPF_UPROBE, bpf_for, and so on.
func Compat(cache *cachedir.Cache) (dirs []string, err error) {
	root := "compat-" + CompatID
	for _, name := range compatNames() {
		file, err := cache.File(path.Join(root, name), func() ([]byte, error) { return compat.ReadFile(path.Join("compat", name)) })
		if err != nil {
			return nil, fmt.Errorf("write header %s: %w", name, err)
		}
		if dir := strings.TrimSuffix(file, "/"+name); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// compatNames returns the headers' names as sources include them.
func compatNames() []string {
	names, err := fs.Glob(compat, "compat/*/*.h")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	for i, name := range names {
		names[i] = name[len("compat/"):]
	}
	return names
}

func compatText() []byte {
	var all []byte
	for _, name := range compatNames() {
		text, err := compat.ReadFile(path.Join("compat", name))
		if err != nil {
			panic(err) // it was embedded
		}
		all = append(all, text...)
	}
	return all
}
