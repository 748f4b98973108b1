package usym

import (
	"encoding/hex"
	"fmt"
	"path"
	"sync"
	"time"

	"github.com/ebpfx/ebpfx/bpf/internal/symtab"
)

// Symbol is what an address means.
type Symbol struct {
	Name   string // the function; "" where it is not known
	Offset uint64 // of the address in the function
	Module string // path of the binary that is mapped there; "" where none is
	Place  uint64 // of the address in the module's file
}

// String returns the function; where that is not known the module's name and the place in it, as addr2line takes it; and "" where that is not known either.
func (s Symbol) String() string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Module != "":
		return fmt.Sprintf("%s+%#x", path.Base(s.Module), s.Place)
	}
	return ""
}

// Long returns String with the place in the function, and the module: "malloc+0x12 (/usr/lib/libc.so.6)".
func (s Symbol) Long() string {
	switch {
	case s.Name == "":
		return s.String()
	case s.Module == "":
		return fmt.Sprintf("%s+%#x", s.Name, s.Offset)
	}
	return fmt.Sprintf("%s+%#x (%s)", s.Name, s.Offset, s.Module)
}

// Bounds of what is kept.
const (
	maxProcesses = 4096
	maxBinaries  = 256      // each may hold two files open
	maxFunctions = 12 << 20 // of all binaries together: 200 MB
)

// Table names addresses of processes. It may be used from any goroutine. The zero Table is ready to use.
type Table struct {
	mu        sync.Mutex
	processes map[int]*process
	binaries  map[fileID]*binary
	vdso      *binary // of 64-bit processes
	clock     uint64  // counts uses, for what was used last
	now       time.Time
}

// Name returns what address means in a process, or in the one that had the number last where it is gone. A process is looked at again from time to time: what
// it maps in the place of something else may bear the old name for a quarter of a second.
func (t *Table) Name(pid int, address uint64) Symbol {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clock++
	t.now = time.Now()
	p := t.process(pid)
	if p == nil {
		return Symbol{}
	}
	m := p.mapping(address)
	if m == nil && p.reread(t.now) {
		m = p.mapping(address)
	}
	var s Symbol
	if m != nil && !m.anonymous {
		b := t.binary(p, m)
		if s = t.inFile(b, m.Path, address-m.Start+m.Offset); b != nil {
			return s
		}
	}
	// Also in a file that is no binary, which is how compilers share what they make between mappings.
	if name, offset, ok := p.jit.name(p.pid, address, t.now); ok {
		return Symbol{Name: name, Offset: offset}
	}
	return s
}

// inFile names the byte at offset of a binary.
func (t *Table) inFile(b *binary, module string, offset uint64) Symbol {
	s := Symbol{Module: module, Place: offset}
	if b == nil {
		return s
	}
	if address, ok := b.symbols.Address(offset); ok {
		s.Place = address
		s.Name, s.Offset, _ = b.symbols.Name(address)
	}
	return s
}

// NameBuildID returns what the byte at offset means of the file with a build ID, as BPF_F_STACK_BUILD_ID tells them. It is found among the
// files that the process maps, those that were looked at before, and debug files.
func (t *Table) NameBuildID(pid int, id []byte, offset uint64) Symbol {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clock++
	t.now = time.Now()
	unknown := Symbol{Module: "buildid:" + hex.EncodeToString(id), Place: offset}
	for _, b := range t.binaries {
		if string(b.symbols.BuildID()) == string(id) {
			b.used = t.clock
			return t.inFile(b, b.path, offset)
		}
	}
	if p := t.process(pid); p != nil {
		for i := range p.mappings {
			m := &p.mappings[i]
			if m.anonymous || m.Path == vdsoName {
				continue
			}
			if b := t.binary(p, m); b != nil && string(b.symbols.BuildID()) == string(id) {
				return t.inFile(b, m.Path, offset)
			}
		}
	}
	if debug := symtab.BuildIDPath(id); debug != "" {
		if file, err := openRegular(debug); err == nil {
			if b := t.add(file, debug, openRegular); b != nil {
				return t.inFile(b, debug, offset)
			}
		}
	}
	return unknown
}

// Close closes the files that names are read from. The Table can be used again.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range t.binaries {
		b.close()
	}
	t.binaries, t.processes = nil, nil
}
