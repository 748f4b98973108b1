package settle

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// write returns the object of what is kept, with tables of strings that hold no more than it names.
func (f *file) write() ([]byte, error) {
	if err := f.renumber(); err != nil {
		return nil, err
	}
	out := make([]byte, headerSize)
	count := 0
	for _, s := range f.sections {
		if !s.kept {
			continue
		}
		count++
		if !s.hasData() {
			continue
		}
		for s.Addralign > 1 && uint64(len(out))%s.Addralign != 0 {
			out = append(out, 0)
		}
		s.Off = uint64(len(out))
		s.Size = uint64(len(s.data))
		out = append(out, s.data...)
	}
	for len(out)%8 != 0 {
		out = append(out, 0)
	}
	f.header.Shoff = uint64(len(out))
	f.header.Shnum = uint16(count)
	f.header.Shstrndx = uint16(f.sections[f.header.Shstrndx].index)
	var err error
	for _, s := range f.sections {
		if s.kept {
			if out, err = binary.Append(out, f.order, &s.Section64); err != nil {
				return nil, err
			}
		}
	}
	_, err = binary.Encode(out, f.order, &f.header)
	return out, err
}

// renumber has all tables speak of sections, symbols and strings by their new numbers.
func (f *file) renumber() error {
	names, symbolNames := f.sections[f.header.Shstrndx], f.sections[f.symtab.Link]
	if !names.kept || !symbolNames.kept || !f.symtab.kept {
		return errors.New("its tables are called like debug information")
	}
	sectionStrings := newStrings()
	symbolStrings := sectionStrings // clang has one table for both
	if symbolNames != names {
		symbolStrings = newStrings()
	}
	for _, s := range f.sections {
		if !s.kept {
			continue
		}
		s.Name = sectionStrings.add(s.name)
		if s == f.symtab {
			continue // below, once its own strings are known
		}
		if t := elf.SectionType(s.Type); t == elf.SHT_REL || t == elf.SHT_RELA {
			if err := f.renumberRelocations(s); err != nil {
				return fmt.Errorf("section %s: %w", s.name, err)
			}
		}
		if err := f.relink(s); err != nil {
			return fmt.Errorf("section %s: %w", s.name, err)
		}
	}
	if err := f.writeSymbols(symbolStrings); err != nil {
		return err
	}
	names.data, symbolNames.data = sectionStrings.data, symbolStrings.data
	return nil
}

// relink renumbers the sections that s refers to in its header.
func (f *file) relink(s *section) error {
	link, err := f.section(s.Link)
	if err != nil {
		return err
	}
	s.Link = link.index
	isRelocation := elf.SectionType(s.Type) == elf.SHT_REL || elf.SectionType(s.Type) == elf.SHT_RELA
	if isRelocation || elf.SectionFlag(s.Flags)&elf.SHF_INFO_LINK != 0 {
		info, err := f.section(s.Info)
		if err != nil {
			return err
		}
		s.Info = info.index
	}
	return nil
}

// renumberRelocations renumbers the symbols of a table of relocations.
func (f *file) renumberRelocations(s *section) error {
	size := uint64(16) // Elf64_Rel: offset, and symbol and type
	if elf.SectionType(s.Type) == elf.SHT_RELA {
		size = 24
	}
	if s.Entsize != size || uint64(len(s.data))%size != 0 {
		return errors.New("its relocations are of an unknown size")
	}
	s.data = append([]byte(nil), s.data...)
	for at := uint64(8); at < uint64(len(s.data)); at += size {
		info := f.order.Uint64(s.data[at:])
		number := elf.R_SYM64(info)
		if int64(number) >= int64(len(f.symbols)) || !f.symbols[number].kept {
			return fmt.Errorf("there is no symbol %d", number)
		}
		f.order.PutUint64(s.data[at:], elf.R_INFO(f.symbols[number].index, elf.R_TYPE64(info)))
	}
	return nil
}

func (f *file) writeSymbols(strings *stringTable) error {
	var data []byte
	locals := uint32(0)
	for _, sym := range f.symbols {
		if !sym.kept {
			continue
		}
		sym.Name = strings.add(sym.name)
		if elf.ST_BIND(sym.Info) == elf.STB_LOCAL {
			locals = sym.index + 1
		}
		var err error
		if data, err = binary.Append(data, f.order, &sym.Sym64); err != nil {
			return err
		}
	}
	s := f.symtab
	link := f.sections[s.Link]
	s.data, s.Link, s.Info = data, link.index, locals
	return nil
}

// stringTable is a section of strings, each of which is there once.
type stringTable struct {
	data []byte
	at   map[string]uint32
}

func newStrings() *stringTable {
	return &stringTable{data: []byte{0}, at: map[string]uint32{"": 0}}
}

func (t *stringTable) add(s string) uint32 {
	off, ok := t.at[s]
	if !ok {
		off = uint32(len(t.data))
		t.at[s] = off
		t.data = append(append(t.data, s...), 0)
	}
	return off
}
