package bpf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

const kernelBTFDir = "/sys/kernel/btf" // vmlinux and the modules

// kernelIndex is the BTF that the kernel shows of itself. To look a few types up in it takes a tenth of what it takes to parse it.
var kernelIndex = sync.OnceValues(func() (*rawbtf.Index, error) {
	f, err := os.Open(filepath.Join(kernelBTFDir, "vmlinux"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := mapFile(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	x, err := rawbtf.NewIndex(data, nil)
	if err != nil {
		_ = unix.Munmap(data)
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return x, nil
})

// mapFile returns the contents of f outside of Go's memory, for good: the kernel's own pages where it gives them, or else a copy.
func mapFile(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := int(info.Size())
	if data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE); err == nil {
		return data, nil
	}
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return nil, err
	}
	for n := 0; n < size; {
		got, err := f.Read(data[n:])
		if err != nil {
			_ = unix.Munmap(data)
			return nil, err
		}
		n += got
	}
	return data, nil
}

// lookups are the results of searches in kernelIndex: each of them goes through all types once, however many names are searched for.
var lookups struct {
	mu    sync.Mutex
	found map[string][]rawbtf.Match
}

// lookUp returns the kernel's types with each of names. Types of modules are not among them.
func lookUp(names ...string) (map[string][]rawbtf.Match, error) {
	kernel, err := kernelIndex()
	if err != nil {
		return nil, err
	}
	lookups.mu.Lock()
	defer lookups.mu.Unlock()
	if lookups.found == nil {
		lookups.found = make(map[string][]rawbtf.Match)
	}
	var unknown []string
	for _, name := range names {
		if _, ok := lookups.found[name]; !ok {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		for name, matches := range kernel.Find(unknown) {
			lookups.found[name] = matches
		}
	}
	found := make(map[string][]rawbtf.Match, len(names))
	for _, name := range names {
		found[name] = lookups.found[name]
	}
	return found, nil
}

// errNoKernelType is why a type of the kernel has no number.
var errNoKernelType = errors.New("the kernel's BTF has no such type")

// kernelType returns the number of the only type of a kind in the kernel's BTF, that of modules aside, that has a name. The name is taken as it is, without flavours.
func kernelType(name string, kind uint32) (btf.TypeID, error) {
	found, err := lookUp(name)
	if err != nil {
		return 0, err
	}
	var id uint32
	for _, m := range found[name] {
		switch {
		case m.Kind != kind || m.Flavoured:
		case id != 0:
			return 0, fmt.Errorf("%s: %w", name, btf.ErrMultipleMatches)
		default:
			id = m.ID
		}
	}
	if id == 0 {
		return 0, fmt.Errorf("%s: %w", name, errNoKernelType)
	}
	return btf.TypeID(id), nil
}

// inModules reports whether a loaded module has a type with one of names. Modules are small, and are read anew each time: they come and go.
func inModules(kernel *rawbtf.Index, names []string) (bool, error) {
	files, err := os.ReadDir(kernelBTFDir)
	if err != nil {
		return false, err
	}
	for _, f := range files {
		if f.Name() == "vmlinux" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(kernelBTFDir, f.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // it is gone
		}
		if err != nil {
			return false, err
		}
		module, err := rawbtf.NewIndex(data, kernel)
		if err != nil {
			return false, fmt.Errorf("read the types of module %s: %w", f.Name(), err)
		}
		for _, matches := range module.Find(names) {
			if len(matches) > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
