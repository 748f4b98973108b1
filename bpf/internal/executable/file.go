package executable

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// File is an executable or library that is open. What is attached to KernelPath is attached to the very file that
// was read, even when another has taken its place meanwhile.
type File struct {
	// Name is how people know the file.
	Name string
	// ELF is not to be closed.
	ELF *elf.File

	file      *os.File
	location  Location
	functions []Function // once read
	imports   map[string]bool
	variables map[string]uint64
}

// Open opens the file at l, which must be an ELF file that the kernel could run or load.
func (l Location) Open() (*File, error) {
	file, err := l.open()
	if err != nil {
		var failed *fs.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("open binary %s: %w", l.Name, err)
	}
	f, err := read(file, l)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open binary %s: %w", l.Name, err)
	}
	return f, nil
}

func (l Location) open() (*os.File, error) {
	// Of what is found where others may write, nothing is to hold up who opens it, as a pipe would.
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY
	if l.root == "" {
		return os.OpenFile(l.path, flags, 0)
	}
	root, err := os.OpenFile(l.root, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// Absolute links are to be followed from the root of whoever made them.
	fd, err := unix.Openat2(int(root.Fd()), l.path, &unix.OpenHow{
		Flags:   flags | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT,
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), l.path), nil
}

func read(file *os.File, l Location) (*File, error) {
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	}
	e, err := elf.NewFile(file)
	var format *elf.FormatError
	switch {
	case errors.As(err, &format) && !hasMagic(file):
		return nil, errors.New("it is no ELF file; for a script name its interpreter")
	case err != nil:
		return nil, fmt.Errorf("it is damaged: %w", err)
	case e.Type != elf.ET_EXEC && e.Type != elf.ET_DYN:
		return nil, errors.New("it is neither an executable nor a shared library")
	}
	return &File{Name: l.Name, ELF: e, file: file, location: l}, nil
}

func hasMagic(file *os.File) bool {
	var magic [len(elf.ELFMAG)]byte
	_, err := file.ReadAt(magic[:], 0)
	return err == nil && string(magic[:]) == elf.ELFMAG
}

// Close closes the file. What is attached stays.
func (f *File) Close() error { return f.file.Close() }

// KernelPath is a path by which the kernel finds the file until Close.
func (f *File) KernelPath() string {
	path := fmt.Sprintf("/proc/self/fd/%d", f.file.Fd())
	if _, err := os.Stat(path); err != nil {
		return f.file.Name() // there is no /proc
	}
	return path
}

// CodeOffset returns where in the file the code at an address lies. false: there is none.
func (f *File) CodeOffset(address uint64) (uint64, bool) { return f.offset(address, elf.PF_X) }

// DataOffset returns where in the file a variable at an address has its first value. false: the file holds none.
func (f *File) DataOffset(address uint64) (uint64, bool) { return f.offset(address, elf.PF_W) }

func (f *File) offset(address uint64, flags elf.ProgFlag) (uint64, bool) {
	for _, p := range f.ELF.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&flags != 0 && address >= p.Vaddr && address-p.Vaddr < p.Filesz {
			return address - p.Vaddr + p.Off, true
		}
	}
	return 0, false
}

// Code returns the address of the code at an offset in the file. false: there is none.
func (f *File) Code(offset uint64) (uint64, bool) {
	for _, p := range f.ELF.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && offset >= p.Off && offset-p.Off < p.Filesz {
			return offset - p.Off + p.Vaddr, true
		}
	}
	return 0, false
}
