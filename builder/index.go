package builder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ebpfx/ebpfx/builder/header"
	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// rules changes when ebpfx compiles or links in another way than before, so that
// what an older one built is built again. Flags and the event header count by themselves.
var rules = "3 " + header.EventsID + " " + header.CompatID

// indexFile is where the index lies in the build folder.
const indexFile = "index.json"

// index remembers from what each object was made. It is a cache: an index that is missing, damaged or
// of another version is empty, and all is built again.
type index struct {
	Version   int                  `json:"version"`
	Compilers []toolchain.Clang    `json:"compilers,omitempty"`
	Files     map[string]fileState `json:"files"`
	Objects   map[string]*record   `json:"objects"` // by name in the build folder
}

// indexVersion is the version of index' own layout.
const indexVersion = 2

// record says from what one object was made.
type record struct {
	Rules    string  `json:"rules"`
	Flags    string  `json:"flags"`              // hash of what ran, save for the paths of temporary files and caches
	Compiler string  `json:"compiler,omitempty"` // ID of clang; "" for a linked object
	Inputs   []input `json:"inputs"`
	// Vmlinux is the ID of our vmlinux.h where that was included.
	Vmlinux string `json:"vmlinux,omitempty"`
	// VariantDir is where in the build folder that vmlinux.h lies if it was changed for the source.
	VariantDir string `json:"variant,omitempty"`
	// Passed has files that clang did not take although they lie where it looks
	// before the place of a header of the same name.
	Passed []string `json:"passed,omitempty"`
	Output string   `json:"output"` // hash of the object
}

// input is a file that went into an object.
type input struct {
	Name string `json:"name"` // relative to the project's folder below it
	Hash string `json:"hash"` // "": it changed while it was read, so the object is not to be relied on
}

func loadIndex(dir string) *index {
	var x index
	data, err := os.ReadFile(filepath.Join(dir, indexFile))
	if err == nil {
		err = json.Unmarshal(data, &x)
	}
	if err != nil || x.Version != indexVersion {
		x = index{Version: indexVersion}
	}
	if x.Objects == nil {
		x.Objects = make(map[string]*record)
	}
	for name, r := range x.Objects {
		if r == nil {
			delete(x.Objects, name)
		}
	}
	return &x
}

// save writes the index. What no object is made from any more is left out.
func (x *index) save(dir string, f *files) error {
	x.Files = make(map[string]fileState)
	keep := func(name string) {
		if state, ok := f.known[name]; ok {
			x.Files[name] = state
		}
	}
	for name, r := range x.Objects {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			delete(x.Objects, name)
			continue
		}
		keep(relativeTo(f.dir, path))
		for _, in := range r.Inputs {
			keep(in.Name)
		}
	}
	data, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("encode index: %w", err)
	}
	return atomicfile.Write(filepath.Join(dir, indexFile), data)
}
