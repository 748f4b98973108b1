// Package settle takes out of eBPF objects what depends on more than their sources: debug information, and
// the order of some of their BTF.
package settle

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Object returns object, a relocatable 64-bit ELF file as clang writes it, without its DWARF and what
// belongs to that: .debug_* with their relocations and symbols. Code, .BTF, .BTF.ext, relocations and
// all other symbols stay as they are, in their order. Two objects that differ in their DWARF alone become the
// same, as do those that differ in the order of BTF's forward declarations and type tags, which is chance for some versions of clang.
//
// It also drops .llvm_addrsig, which names symbols by numbers that change here, and which no loader reads.
func Object(object []byte) ([]byte, error) {
	f := new(file)
	if err := f.read(object); err != nil {
		return nil, fmt.Errorf("settle object: %w", err)
	}
	f.settle()
	f.selectSections()
	if err := f.selectSymbols(); err != nil {
		return nil, fmt.Errorf("settle object: %w", err)
	}
	out, err := f.write()
	if err != nil {
		return nil, fmt.Errorf("settle object: %w", err)
	}
	return out, nil
}

// Order returns object with its BTF in the order that Object leaves, and all else as it is. Who adds types to the BTF
// does so after that: Object orders what is at its end.
func Order(object []byte) ([]byte, error) {
	f := new(file)
	object = bytes.Clone(object)
	if err := f.read(object); err != nil {
		return nil, fmt.Errorf("order object: %w", err)
	}
	var types, ext []byte // parts of object
	for _, s := range f.sections {
		switch s.name {
		case ".BTF":
			types = s.data
		case ".BTF.ext":
			ext = s.data
		}
	}
	if types != nil {
		sortTail(f.order, types, ext)
	}
	return object, nil
}

// file is an object that is being stripped.
type file struct {
	order    binary.ByteOrder
	header   elf.Header64
	sections []*section
	symtab   *section
	symbols  []*symbol
}

type section struct {
	elf.Section64
	name  string
	data  []byte
	kept  bool
	index uint32 // among those that are kept
}

// hasData reports whether the file holds bytes of s.
func (s *section) hasData() bool {
	return elf.SectionType(s.Type) != elf.SHT_NULL && elf.SectionType(s.Type) != elf.SHT_NOBITS
}

type symbol struct {
	elf.Sym64
	name  string
	kept  bool
	index uint32 // among those that are kept
}

// Sizes of ELF's structures of 64 bits (elf(5)).
const (
	headerSize  = 64
	sectionSize = 64
)

// maxAlign is more than any section of an object has to be aligned to.
const maxAlign = 1 << 16

func (f *file) read(object []byte) error {
	if len(object) < headerSize || string(object[:4]) != elf.ELFMAG {
		return errors.New("it is no ELF file")
	}
	if elf.Class(object[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return errors.New("it is no 64-bit ELF file")
	}
	switch elf.Data(object[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		f.order = binary.LittleEndian
	case elf.ELFDATA2MSB:
		f.order = binary.BigEndian
	default:
		return errors.New("it has no known byte order")
	}
	if _, err := binary.Decode(object, f.order, &f.header); err != nil {
		return err
	}
	if elf.Type(f.header.Type) != elf.ET_REL {
		return errors.New("it is no relocatable file")
	}
	table, err := slice(object, f.header.Shoff, uint64(f.header.Shnum)*sectionSize)
	if err != nil || f.header.Shentsize != sectionSize || f.header.Shnum == 0 {
		return errors.New("its section headers are damaged")
	}
	total := 0
	for i := range int(f.header.Shnum) {
		s := new(section)
		if _, err := binary.Decode(table[i*sectionSize:], f.order, &s.Section64); err != nil {
			return err
		}
		if s.hasData() {
			if s.data, err = slice(object, s.Off, s.Size); err != nil {
				return fmt.Errorf("section %d: %w", i, err)
			}
		}
		if total += len(s.data); total > len(object) {
			return errors.New("its sections overlap")
		}
		if s.Addralign > maxAlign || s.Addralign&(s.Addralign-1) != 0 {
			return fmt.Errorf("section %d is aligned to %d", i, s.Addralign)
		}
		f.sections = append(f.sections, s)
	}
	names, err := f.section(uint32(f.header.Shstrndx))
	if err != nil {
		return err
	}
	for _, s := range f.sections {
		if s.name, err = stringAt(names.data, s.Name); err != nil {
			return fmt.Errorf("name of a section: %w", err)
		}
	}
	return f.readSymbols()
}

func (f *file) readSymbols() error {
	for _, s := range f.sections {
		switch elf.SectionType(s.Type) {
		case elf.SHT_SYMTAB:
			if f.symtab != nil {
				return errors.New("it has two symbol tables")
			}
			f.symtab = s
		case elf.SHT_SYMTAB_SHNDX, elf.SHT_GROUP:
			return fmt.Errorf("section %s is of a type that is not known here", s.name)
		}
	}
	if f.symtab == nil {
		return errors.New("it has no symbol table")
	}
	names, err := f.section(f.symtab.Link)
	if err != nil {
		return err
	}
	for at := 0; at+elf.Sym64Size <= len(f.symtab.data); at += elf.Sym64Size {
		sym := new(symbol)
		if _, err := binary.Decode(f.symtab.data[at:], f.order, &sym.Sym64); err != nil {
			return err
		}
		if sym.name, err = stringAt(names.data, sym.Name); err != nil {
			return fmt.Errorf("name of a symbol: %w", err)
		}
		f.symbols = append(f.symbols, sym)
	}
	return nil
}

func (f *file) section(index uint32) (*section, error) {
	if int64(index) >= int64(len(f.sections)) {
		return nil, fmt.Errorf("there is no section %d", index)
	}
	return f.sections[index], nil
}

// settle orders the end of the BTF.
func (f *file) settle() {
	var types, ext *section
	for _, s := range f.sections {
		switch s.name {
		case ".BTF":
			types = s
		case ".BTF.ext":
			ext = s
		}
	}
	if types == nil {
		return
	}
	types.data = bytes.Clone(types.data)
	var extData []byte
	if ext != nil {
		ext.data = bytes.Clone(ext.data)
		extData = ext.data
	}
	sortTail(f.order, types.data, extData)
}

// selectSections decides which sections stay.
func (f *file) selectSections() {
	n := uint32(0)
	for _, s := range f.sections {
		name := s.name
		if t := elf.SectionType(s.Type); t == elf.SHT_REL || t == elf.SHT_RELA {
			name = strings.TrimPrefix(strings.TrimPrefix(name, ".rela"), ".rel")
		}
		s.kept = !strings.HasPrefix(name, ".debug_") && name != ".llvm_addrsig"
		if s.kept {
			s.index = n
			n++
		}
	}
}

// selectSymbols decides which symbols stay: all that are in no dropped section.
func (f *file) selectSymbols() error {
	n := uint32(0)
	for _, sym := range f.symbols {
		sym.kept = true
		if sym.Shndx < uint16(elf.SHN_LORESERVE) {
			s, err := f.section(uint32(sym.Shndx))
			if err != nil {
				return fmt.Errorf("symbol %q: %w", sym.name, err)
			}
			sym.kept = s.kept
			sym.Shndx = uint16(s.index)
		}
		if sym.kept {
			sym.index = n
			n++
		}
	}
	return nil
}

// slice returns size bytes of b from off on.
func slice(b []byte, off, size uint64) ([]byte, error) {
	if off > uint64(len(b)) || size > uint64(len(b))-off {
		return nil, io.ErrUnexpectedEOF
	}
	return b[off : off+size], nil
}

func stringAt(table []byte, off uint32) (string, error) {
	if off == 0 && len(table) == 0 {
		return "", nil
	}
	if int64(off) >= int64(len(table)) {
		return "", io.ErrUnexpectedEOF
	}
	s, _, ok := bytes.Cut(table[off:], []byte{0})
	if !ok {
		return "", io.ErrUnexpectedEOF
	}
	return string(s), nil
}
