package symtab

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"

	"github.com/ianlancetaylor/demangle"
)

// Opener opens a file for reading by its path as the process sees it whose binary is read.
type Opener func(path string) (*os.File, error)

// File has the functions of an ELF file. Its methods may be called from any goroutine.
type File struct {
	buildID  []byte
	segments []segment
	tables   []*table
	files    []io.Closer

	mu    sync.Mutex
	names map[place]string // read before
}

// place is a function: one of a table's.
type place struct{ table, function int }

// maxNames is how many names are kept.
const maxNames = 16 << 10

// Read returns the functions of file, which the caller opened as path. The File owns it, and reads names from it until it is
// closed. Other files with its symbols are opened with open. What is damaged in a file's tables costs their names alone: only what is no ELF file
// is an error.
func Read(file *os.File, path string, open Opener) (_ *File, err error) {
	f := &File{names: make(map[place]string), files: []io.Closer{file}}
	defer func() {
		if err != nil {
			err = fmt.Errorf("read symbols of %s: %w", path, err)
			f.Close()
		}
	}()
	defer damaged(&err)
	e, err := elf.NewFile(file)
	if err != nil {
		return nil, err
	}
	f.segments, f.buildID = segments(e), BuildID(e)
	f.add(readSymbols(e, file, elf.SHT_SYMTAB))
	if len(f.tables) == 0 {
		if debug := openDebugFile(e, path, f.buildID, open); debug != nil {
			f.files = append(f.files, debug)
			if d, err := elf.NewFile(debug); err == nil {
				f.add(readSymbols(d, debug, elf.SHT_SYMTAB))
			}
		}
	}
	if len(f.tables) == 0 {
		f.add(readDebugData(e))
		f.add(readGo(e))
	}
	f.add(readSymbols(e, file, elf.SHT_DYNSYM))
	return f, nil
}

// damaged makes an error of a panic: nobody promises that the packages that read ELF files take all bytes.
func damaged(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the file is damaged: %v", r)
	}
}

// ReadImage returns the functions of an ELF file in memory, such as the kernel's vDSO.
func ReadImage(r io.ReaderAt) (_ *File, err error) {
	defer damaged(&err)
	e, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("read symbols: %w", err)
	}
	f := &File{names: make(map[place]string), segments: segments(e)}
	f.add(readSymbols(e, r, elf.SHT_SYMTAB))
	f.add(readSymbols(e, r, elf.SHT_DYNSYM))
	return f, nil
}

// add takes a table, if there is one. Its names are looked for in order.
func (f *File) add(t *table, err error) {
	if t != nil && err == nil {
		f.tables = append(f.tables, t)
	}
}

// BuildID returns the file's GNU build ID, or nil.
func (f *File) BuildID() []byte { return f.buildID }

// Functions returns how many functions are kept: 16 bytes each.
func (f *File) Functions() int {
	n := 0
	for _, t := range f.tables {
		n += len(t.functions)
	}
	return n
}

// Address returns the address that the byte at offset of the file has in memory, before the loader moves it.
func (f *File) Address(offset uint64) (address uint64, ok bool) {
	for _, code := range []bool{true, false} {
		for _, s := range f.segments {
			if s.code == code && offset >= s.offset && offset-s.offset < s.size {
				return offset - s.offset + s.address, true
			}
		}
	}
	return 0, false
}

// Name returns the function that address lies in, demangled where it is one of C++ or Rust, and how many bytes behind its start.
func (f *File) Name(address uint64) (name string, offset uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, t := range f.tables {
		n := t.find(address)
		if n < 0 {
			continue
		}
		at := place{i, n}
		name, read := f.names[at]
		if !read {
			if len(f.names) >= maxNames {
				clear(f.names)
			}
			name = readable(t.name(n))
			f.names[at] = name
		}
		if name != "" {
			return name, address - t.functions[n].address, true
		}
	}
	return "", 0, false
}

// Function is one that a file has, under the name that its compiler gave it.
type Function struct {
	Name     string
	Address  uint64
	Size     uint64 // 0: unknown
	Exported bool   // other files see it
}

// All returns all functions, of each table by address, until the File is closed.
func (f *File) All() iter.Seq[Function] {
	return func(yield func(Function) bool) {
		for _, t := range f.tables {
			for i, fn := range t.functions {
				if !yield(Function{t.name(i), fn.address, fn.size(), fn.exported()}) {
					return
				}
			}
		}
	}
}

// Close closes the files that names are read from.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	for _, file := range f.files {
		err = errors.Join(err, file.Close())
	}
	f.files, f.tables = nil, nil
	return err
}

// maxReadable bounds a demangled name, as a power of two: a short symbol may stand for a very long one.
const maxReadable = 10

// readable returns a symbol as its source has it, without the parameters of C++ functions and the hashes of Rust's.
func readable(symbol string) string {
	return demangle.Filter(symbol, demangle.NoParams, demangle.NoClones, demangle.MaxLength(maxReadable))
}
