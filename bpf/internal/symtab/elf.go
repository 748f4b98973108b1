package symtab

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
)

// readSymbols returns the functions of a symbol table, SHT_SYMTAB or SHT_DYNSYM, of f, which r is the bytes of; nil where it has none. Names
// stay in r.
func readSymbols(f *elf.File, r io.ReaderAt, sort elf.SectionType) (*table, error) {
	section := f.SectionByType(sort)
	if section == nil || section.Type == elf.SHT_NOBITS || int(section.Link) >= len(f.Sections) {
		return nil, nil
	}
	strings := f.Sections[section.Link]
	if strings.Type != elf.SHT_STRTAB || section.Flags&elf.SHF_COMPRESSED != 0 {
		return nil, nil
	}
	size := int64(elf.Sym64Size)
	if f.Class == elf.ELFCLASS32 {
		size = elf.Sym32Size
	}
	var functions []function
	chunk := make([]byte, 4096*size)
	for at := int64(0); at+size <= int64(section.FileSize) && len(functions) < maxFunctions; {
		b := chunk[:min(int64(len(chunk)), int64(section.FileSize)-at)/size*size]
		n, err := r.ReadAt(b, int64(section.Offset)+at)
		if int64(n) < int64(len(b)) && err != io.EOF {
			return nil, fmt.Errorf("read section %s: %w", section.Name, err)
		}
		b = b[:int64(n)/size*size]
		if len(b) == 0 {
			break // the header promised more than there is
		}
		at += int64(len(b))
		for ; len(b) > 0; b = b[size:] {
			if s, ok := parseSymbol(f, b); ok {
				functions = append(functions, s)
			}
		}
	}
	if len(functions) == 0 {
		return nil, nil
	}
	return newTable(functions, io.NewSectionReader(r, int64(strings.Offset), int64(strings.FileSize))), nil
}

// parseSymbol reads an Elf32_Sym or Elf64_Sym. ok is false where it is none of a function that is here.
func parseSymbol(f *elf.File, b []byte) (_ function, ok bool) {
	var name uint32
	var info byte
	var section uint16
	var value, size uint64
	if f.Class == elf.ELFCLASS32 {
		name, value, size = f.ByteOrder.Uint32(b), uint64(f.ByteOrder.Uint32(b[4:])), uint64(f.ByteOrder.Uint32(b[8:]))
		info, section = b[12], f.ByteOrder.Uint16(b[14:])
	} else {
		name, info, section = f.ByteOrder.Uint32(b), b[4], f.ByteOrder.Uint16(b[6:])
		value, size = f.ByteOrder.Uint64(b[8:]), f.ByteOrder.Uint64(b[16:])
	}
	if t := elf.ST_TYPE(info); t != elf.STT_FUNC && t != elf.STT_GNU_IFUNC {
		return function{}, false
	}
	if elf.SectionIndex(section) == elf.SHN_UNDEF || value == 0 || name == 0 {
		return function{}, false
	}
	return newFunction(value, size, elf.ST_BIND(info) != elf.STB_LOCAL, name), true
}

// segment is a part of a file and where it lies in memory.
type segment struct {
	offset, size, address uint64
	code                  bool
}

func segments(f *elf.File) []segment {
	var list []segment
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			list = append(list, segment{p.Off, p.Filesz, p.Vaddr, p.Flags&elf.PF_X != 0})
		}
	}
	return list
}

// BuildID returns the GNU build ID of f, or nil.
func BuildID(f *elf.File) []byte {
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NOTE {
			if id := buildIDNote(f, s.ReaderAt, s.FileSize); id != nil {
				return id
			}
		}
	}
	for _, p := range f.Progs { // the section headers may be stripped
		if p.Type == elf.PT_NOTE {
			if id := buildIDNote(f, p.ReaderAt, p.Filesz); id != nil {
				return id
			}
		}
	}
	return nil
}

// buildIDNote finds the build ID among notes: sizes of name and value, a type, and both, each padded to 4 bytes.
func buildIDNote(f *elf.File, r io.ReaderAt, size uint64) []byte {
	const (
		header = 12
		most   = 64 << 10
		ntGNU  = 3 // NT_GNU_BUILD_ID
		longID = 64
	)
	b := make([]byte, min(size, most))
	n, err := r.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil
	}
	pad := func(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }
	for b = b[:n]; len(b) >= header; {
		nameSize, idSize, kind := f.ByteOrder.Uint32(b), f.ByteOrder.Uint32(b[4:]), f.ByteOrder.Uint32(b[8:])
		b = b[header:]
		if pad(nameSize)+pad(idSize) > uint64(len(b)) {
			return nil
		}
		if kind == ntGNU && nameSize == 4 && bytes.Equal(b[:4], []byte("GNU\x00")) && idSize > 0 && idSize <= longID {
			return b[4:][:idSize:idSize]
		}
		b = b[pad(nameSize)+pad(idSize):]
	}
	return nil
}
