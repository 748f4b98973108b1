// Package foreign turns the byte order of eBPF objects around, so that what is for machines of the other order reads like one for this machine.
//
// What the file says about itself changes: headers, symbols, relocations, instructions, BTF. What is data keeps the order of the machine that it is for: values of
// variables, whose types say how to read them (see Value), and debug information, which says its order itself.
package foreign

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Is reports whether b, a 64-bit ELF file, is for machines of the other byte order.
func Is(b []byte) bool {
	return len(b) > elf.EI_DATA && (elf.Data(b[elf.EI_DATA]) == elf.ELFDATA2LSB) != nativeLittle
}

var nativeLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Sizes of what an ELF file consists of, by field.
var (
	header      = []int{16: 2, 18: 2, 20: 4, 24: 8, 32: 8, 40: 8, 48: 4, 52: 2, 54: 2, 56: 2, 58: 2, 60: 2, 62: 2} // Elf64_Ehdr, by offset
	sectionHead = []int{0: 4, 4: 4, 8: 8, 16: 8, 24: 8, 32: 8, 40: 4, 44: 4, 48: 8, 56: 8}                         // Elf64_Shdr
	symbol      = []int{0: 4, 6: 2, 8: 8, 16: 8}                                                                   // Elf64_Sym
	rel         = []int{0: 8, 8: 8}                                                                                // Elf64_Rel
	rela        = []int{0: 8, 8: 8, 16: 8}                                                                         // Elf64_Rela
	instruction = []int{2: 2, 4: 4}                                                                                // struct bpf_insn, without its registers
	words       = []int{0: 4}
)

// Turn returns b, a 64-bit ELF file, in the other byte order. Turned twice it is what it was.
func Turn(b []byte) ([]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read ELF headers (is the file damaged?): %w", err)
	}
	defer f.Close()
	const headerSize, sectionSize = 64, 64
	if f.Class != elf.ELFCLASS64 || len(b) < headerSize {
		return nil, errors.New("it is no 64-bit ELF file")
	}
	first := f.ByteOrder.Uint64(b[40:]) // e_shoff
	if n := uint64(len(f.Sections)); n > 0 && (first > uint64(len(b)) || n*sectionSize > uint64(len(b))-first) {
		return nil, errors.New("the section headers lie beyond the file")
	}
	out := bytes.Clone(b)
	turnFields(out[:headerSize], header, headerSize)
	out[elf.EI_DATA] = byte(elf.ELFDATA2LSB) + byte(elf.ELFDATA2MSB) - b[elf.EI_DATA]
	turnFields(out[first:first+uint64(len(f.Sections))*sectionSize], sectionHead, sectionSize)
	done := make(map[uint64]bool)
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL || s.FileSize == 0 || done[s.Offset] {
			continue
		}
		done[s.Offset] = true // sections of a damaged file may lie over each other
		if s.Offset > uint64(len(b)) || s.FileSize > uint64(len(b))-s.Offset {
			return nil, fmt.Errorf("section %s ends beyond the file", s.Name)
		}
		if err := turnSection(out[s.Offset:s.Offset+s.FileSize], s, f.ByteOrder); err != nil {
			return nil, fmt.Errorf("section %s: %w", s.Name, err)
		}
	}
	return out, nil
}

func turnSection(data []byte, s *elf.Section, order binary.ByteOrder) error {
	switch {
	case s.Type == elf.SHT_SYMTAB:
		turnFields(data, symbol, 24)
	case s.Type == elf.SHT_REL:
		turnFields(data, rel, 16)
	case s.Type == elf.SHT_RELA:
		turnFields(data, rela, 24)
	case s.Flags&elf.SHF_EXECINSTR != 0:
		turnFields(data, instruction, 8)
		for at := 1; at < len(data); at += 8 {
			data[at] = data[at]<<4 | data[at]>>4
		}
	case s.Name == ".BTF":
		return turnBTF(data, order, []int{16})
	case s.Name == ".BTF.ext":
		return turnBTF(data, order, nil)
	case s.Name == "version", s.Name == "maps", strings.HasPrefix(s.Name, "maps/"):
		turnFields(data, words, 4)
	}
	return nil
}

// turnBTF turns a section of BTF around, all of which are words but for the first four bytes. Where its end is text, the header says at textAt where that begins.
func turnBTF(data []byte, order binary.ByteOrder, textAt []int) error {
	const least = 8
	if len(data) < least {
		return errors.New("it is too short")
	}
	size := uint64(order.Uint32(data[4:]))
	end := uint64(len(data))
	for _, at := range textAt {
		if len(data) < at+4 {
			return errors.New("it is too short")
		}
		end = size + uint64(order.Uint32(data[at:]))
	}
	if end > uint64(len(data)) || end < least {
		return errors.New("its header is wrong")
	}
	data[0], data[1] = data[1], data[0] // the magic number
	turnFields(data[4:end], words, 4)
	return nil
}

// turnFields turns the fields of records around, which have their sizes at their offsets.
func turnFields(data []byte, fields []int, size int) {
	for ; len(data) >= size; data = data[size:] {
		for at, n := range fields {
			if n > 0 {
				reverse(data[at : at+n])
			}
		}
	}
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}
