package header

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// runningFile is what vmlinux.Load calls the kernel that runs.
const runningFile = "running"

// ErrNoKernelBTF is the cause of the error on a kernel that does not describe its types.
var ErrNoKernelBTF = errors.New("the kernel has no BTF")

// Vmlinux is a vmlinux.h for sources that bring none. It is made when it is needed first, and may be used
// by several goroutines.
type Vmlinux struct {
	cache *cachedir.Cache
	id    string
	print func() ([]byte, error)

	mu    sync.Mutex
	path  string // "": it was not asked for
	index *vmlinux.Index
}

// printer is what the ID of a printed header begins with. It changes when package vmlinux prints
// the same types in another way.
const printer = "1"

// NewMerged returns the vmlinux.h that stands for many kernels of an architecture, called as in __TARGET_ARCH_*, to be kept in cache. This
// machine's gets that of the kernel that runs where none was made for it. Nothing is made yet.
func NewMerged(cache *cachedir.Cache, arch string) *Vmlinux {
	version, err := vmlinux.Version(arch)
	if err != nil {
		return NewRunning(cache, arch)
	}
	return &Vmlinux{cache: cache, id: "merged-" + version, print: func() ([]byte, error) {
		text, _, err := vmlinux.Header(arch)
		return text, err
	}}
}

// NewRunning returns the vmlinux.h of the kernel that runs. One that does not describe its types, or is not of that architecture,
// is told of when the header is to be made.
func NewRunning(cache *cachedir.Cache, arch string) *Vmlinux {
	if arch != toolchain.HostTarget().Arch {
		return &Vmlinux{cache: cache, id: "none-" + arch, print: func() ([]byte, error) {
			return nil, fmt.Errorf("there is none for %s in ebpfx, and this machine's kernel is of another architecture; "+
				"name the BTF of a kernel of it: set_btf(\"FILE\"), which is /sys/kernel/btf/vmlinux there", arch)
		}}
	}
	return newPrinted(cache, runningFile, kernelID(kernelNotes, kernelBTF))
}

// NewFromFile returns the vmlinux.h of the types in file, raw BTF or an ELF file that has it. content
// identifies what is in the file.
func NewFromFile(cache *cachedir.Cache, file, content string) *Vmlinux {
	return newPrinted(cache, file, content)
}

func newPrinted(cache *cachedir.Cache, file, content string) *Vmlinux {
	return &Vmlinux{cache: cache, id: "kernel" + printer + "-" + content, print: func() ([]byte, error) {
		if file == runningFile && content == "" {
			return nil, fmt.Errorf("%w (%s is missing); name a file that has it with set_btf, or run a kernel with CONFIG_DEBUG_INFO_BTF=y", ErrNoKernelBTF, kernelBTF)
		}
		spec, err := vmlinux.Load(file)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		err = vmlinux.Print(&text, spec)
		return text.Bytes(), err
	}}
}

// ID identifies the text of the header.
func (v *Vmlinux) ID() string { return v.id }

// Path returns the path of the header, which is called vmlinux.h, in a folder of its own. It is made
// where there is none yet, or a damaged one.
func (v *Vmlinux) Path() (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.path != "" {
		return v.path, nil
	}
	_, err := v.load()
	return v.path, err
}

// Made returns the folder of the header if it was made already, else "".
func (v *Vmlinux) Made() string {
	path := v.cache.Find(v.name())
	if path == "" {
		return ""
	}
	return filepath.Dir(path)
}

// name is what the header is called in the cache.
func (v *Vmlinux) name() string { return "vmlinux-" + v.id + "/vmlinux.h" }

// Text returns the header. Few sources need it, so it is read anew each time.
func (v *Vmlinux) Text() ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.load()
}

// Index returns the index of the header.
func (v *Vmlinux) Index() (*vmlinux.Index, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.index != nil {
		return v.index, nil
	}
	text, err := v.load()
	if err != nil {
		return nil, err
	}
	v.index, err = vmlinux.NewIndex(text)
	return v.index, err
}

// load makes the header, or reads the one in the cache.
func (v *Vmlinux) load() ([]byte, error) {
	path, text, err := v.cache.Checked(v.name(), v.print)
	if err != nil {
		return nil, fmt.Errorf("make vmlinux.h: %w", err)
	}
	v.path = path
	return text, nil
}
