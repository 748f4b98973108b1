package usym

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/symtab"
)

// fileID tells files apart, and versions of one.
type fileID struct {
	device, inode  uint64
	size           int64
	modified, made int64 // ns
}

// binary is a file with symbols that is mapped somewhere.
type binary struct {
	id      fileID
	path    string
	symbols *symtab.File
	size    int // functions
	used    uint64
	closed  bool
}

func (b *binary) close() {
	b.closed = true
	_ = b.symbols.Close() // only read
}

// binary returns what is mapped at m; nil where it cannot be read.
func (t *Table) binary(p *process, m *mapping) *binary {
	if m.binary != nil && m.binary.closed {
		m.binary, m.tried = nil, false
	}
	if m.binary == nil && !m.tried {
		m.tried = true
		if m.Path == vdsoName {
			m.binary = t.vdsoOf(p, m)
		} else if file, err := p.open(m); err == nil {
			m.binary = t.add(file, m.Path, p.opener())
		}
	}
	if m.binary != nil {
		m.binary.used = t.clock
	}
	return m.binary
}

// add returns the binary that file is, which it owns; nil where it is no ELF file.
func (t *Table) add(file *os.File, path string, open symtab.Opener) *binary {
	id, err := identify(file)
	if err != nil {
		file.Close()
		return nil
	}
	if b := t.binaries[id]; b != nil {
		file.Close()
		return b
	}
	symbols, err := symtab.Read(file, path, open)
	if err != nil {
		return nil
	}
	b := &binary{id: id, path: path, symbols: symbols, size: symbols.Functions(), used: t.clock}
	if t.binaries == nil {
		t.binaries = make(map[fileID]*binary)
	}
	t.binaries[id] = b
	t.forgetBinaries(b)
	return b
}

// forgetBinaries closes those that were not used the longest where there are too many. keep stays.
func (t *Table) forgetBinaries(keep *binary) {
	total := 0
	for _, b := range t.binaries {
		total += b.size
	}
	for len(t.binaries) > maxBinaries || total > maxFunctions {
		var oldest *binary
		for _, b := range t.binaries {
			if b != keep && (oldest == nil || b.used < oldest.used) {
				oldest = b
			}
		}
		if oldest == nil {
			return
		}
		total -= oldest.size
		oldest.close()
		delete(t.binaries, oldest.id)
	}
}

func identify(file *os.File) (fileID, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return fileID{}, fmt.Errorf("stat %s: %w", file.Name(), err)
	}
	return fileID{uint64(st.Dev), st.Ino, st.Size, st.Mtim.Nano(), st.Ctim.Nano()}, nil
}

// maxVDSO bounds the image of the vDSO, which has two pages or three.
const maxVDSO = 1 << 20

// vdsoOf reads the kernel's library out of the memory of p: there is no file of it.
func (t *Table) vdsoOf(p *process, m *mapping) *binary {
	if t.vdso != nil && uint64(t.vdso.id.size) == m.End-m.Start {
		return t.vdso
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.pid))
	if err != nil {
		return nil
	}
	defer memory.Close()
	image := make([]byte, min(m.End-m.Start, maxVDSO))
	if _, err := memory.ReadAt(image, int64(m.Start)); err != nil {
		return nil
	}
	symbols, err := symtab.ReadImage(bytes.NewReader(image))
	if err != nil {
		return nil
	}
	t.vdso = &binary{id: fileID{size: int64(m.End - m.Start)}, path: vdsoName, symbols: symbols}
	return t.vdso
}

// open opens the file that p maps at m: through the mapping itself, which also finds what was deleted or replaced, or where that is not
// permitted by its path.
func (p *process) open(m *mapping) (*os.File, error) {
	file, err := openRegular(fmt.Sprintf("/proc/%d/map_files/%x-%x", p.pid, m.Start, m.End))
	if err == nil || m.Deleted {
		return file, err
	}
	if file, err = p.openInRoot(m.Path); err == nil {
		return file, nil
	}
	// The process may be gone. Its path is good in our file system if the file there is the same.
	if file, err = openRegular(m.Path); err != nil {
		return nil, err
	}
	if id, err := identify(file); err != nil || id.inode != m.Inode {
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: m.Path, Err: fs.ErrNotExist}
	}
	return file, nil
}

// opener opens what belongs to binaries of p: in its own file system, or else in ours.
func (p *process) opener() symtab.Opener {
	return func(path string) (*os.File, error) {
		file, err := p.openInRoot(path)
		if err != nil {
			file, err = openRegular(path)
		}
		return file, err
	}
}

// openInRoot opens a file by its path in the mount namespace and below the root of p. No symbolic link there leads out.
func (p *process) openInRoot(path string) (*os.File, error) {
	root, err := unix.Open(fmt.Sprintf("/proc/%d/root", p.pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(root)
	fd, err := unix.Openat2(root, path, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return regular(os.NewFile(uintptr(fd), path))
}

// openRegular opens a file of ours. It waits for nobody, as a named pipe would.
func openRegular(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	return regular(file)
}

// regular returns file if it is no device, pipe or folder.
func regular(file *os.File) (*os.File, error) {
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: file.Name(), Err: fs.ErrInvalid}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
