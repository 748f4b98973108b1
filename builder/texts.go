package builder

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/ebpfx/ebpfx/builder/internal/cscan"
	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// vmlinuxName is the header that sources include for the kernel's types.
const vmlinuxName = "vmlinux.h"

// texts reads sources and headers without a compiler, each once for all sources that include it.
type texts struct {
	dir string // of the project

	mu    sync.Mutex
	files map[string]*text // by path
}

// text is a file that is read by whoever asks for it first.
type text struct {
	once sync.Once
	file *cscan.File // nil when it cannot be read
}

// maxText is the size up to which a file is read: headers are smaller.
const maxText = 16 << 20

func (t *texts) file(name string) *cscan.File {
	t.mu.Lock()
	f := t.files[name]
	if f == nil {
		if t.files == nil {
			t.files = make(map[string]*text)
		}
		f = new(text)
		t.files[name] = f
	}
	t.mu.Unlock()
	f.once.Do(func() {
		path := inDir(t.dir, name)
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxText {
			return
		}
		if content, err := os.ReadFile(path); err == nil {
			f.file = cscan.Scan(content)
		}
	})
	return f.file
}

// reading is what a source and all that it includes say, but for vmlinux.h. It is what can be seen without
// a compiler: what decides on correctness has to come from clang.
type reading struct {
	vmlinux bool // it includes a vmlinux.h
	need    vmlinux.Need
	// own is a vmlinux.h that is not ours and that is included first of all, or "". defines are the macros
	// that are defined before.
	own     string
	defines []string
}

// read reads the source of c. compat are folders of headers that are looked at before the system's.
func (t *texts) read(c *compilation, compat []string) *reading {
	r := &reader{
		texts:   t,
		dirs:    slices.Concat(c.lookup.own[1:], compat, c.lookup.system),
		seen:    make(map[string]bool),
		helpers: make(map[string]cscan.Helper),
	}
	r.need = vmlinux.Need{Words: make(map[string]bool), Tags: make(map[string]bool), Mentioned: make(map[string]bool)}
	for i, arg := range c.args {
		if define, ok := strings.CutPrefix(arg, "-D"); ok {
			r.take(cscan.Scan([]byte(define)), "")
		}
		if i > 0 && c.args[i-1] == "-include" {
			r.open(arg)
		}
	}
	r.open(c.source)
	r.takeHelpers()
	r.followLead(c.source)
	return &r.reading
}

// reader is the state of texts.read.
type reader struct {
	reading
	texts   *texts
	dirs    []string // where headers are looked for, the source's own folder aside
	seen    map[string]bool
	helpers map[string]cscan.Helper
}

func (r *reader) open(name string) {
	if r.seen[name] {
		return
	}
	r.seen[name] = true
	if f := r.texts.file(name); f != nil {
		r.take(f, name)
	}
}

// take takes what f says, which is the file called name.
func (r *reader) take(f *cscan.File, name string) {
	maps.Copy(r.need.Words, f.Words)
	maps.Copy(r.need.Tags, f.Tags)
	maps.Copy(r.need.Mentioned, f.Ahead)
	for _, h := range f.Helpers {
		r.helpers[h.Name] = h
	}
	for _, inc := range f.Includes {
		if filepath.Base(inc.Name) == vmlinuxName {
			r.vmlinux = true
			continue
		}
		if found := r.find(inc, name); found != "" {
			r.open(found)
		}
	}
}

// find returns the file that an include in the file called from names, or "".
func (r *reader) find(inc cscan.Include, from string) string {
	if filepath.IsAbs(inc.Name) {
		return inc.Name
	}
	dirs := r.dirs
	if inc.Quoted && !inc.Next {
		dirs = slices.Concat([]string{filepath.Dir(from)}, dirs)
	}
	for _, d := range dirs {
		name := filepath.Join(d, inc.Name)
		if inc.Next && name == from {
			continue
		}
		if r.seen[name] || r.texts.file(name) != nil {
			return name
		}
	}
	return ""
}

// maxLead is how many headers may include each other before a vmlinux.h that comes first.
const maxLead = 8

// followLead finds the vmlinux.h that is included before all else.
func (r *reader) followLead(source string) {
	var defines []string
	name := source
	for range maxLead {
		f := r.texts.file(name)
		if f == nil || f.Lead.Include == nil {
			return
		}
		defines = append(defines, f.Lead.Defines...)
		next := r.find(*f.Lead.Include, name)
		if filepath.Base(f.Lead.Include.Name) == vmlinuxName {
			r.own, r.defines = next, defines
			return
		}
		name = next
	}
}

// takeHelpers takes the declarations of helpers, those that are called as what they are, the others as mere mentions.
func (r *reader) takeHelpers() {
	for name, h := range r.helpers {
		if r.need.Words[name] {
			maps.Copy(r.need.Words, h.Words)
			maps.Copy(r.need.Tags, h.Tags)
		} else {
			maps.Copy(r.need.Mentioned, h.Words)
			maps.Copy(r.need.Mentioned, h.Tags)
		}
	}
}
