package bpf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/internal/foreign"
)

// maxObject bounds what Open reads and what a section may claim to hold. The largest
// objects in use are a few megabytes; a header that lies must not cost gigabytes.
const maxObject = 64 << 20

// position is where a symbol lies in an object.
type position struct {
	section elf.SectionIndex
	offset  uint64
}

func (p position) before(q position) bool {
	if p.section != q.section {
		return p.section < q.section
	}
	return p.offset < q.offset
}

// layout is what the ELF file alone tells: where things lie.
type layout struct {
	functions map[string]position // of executable sections other than .text
	maps      map[string]position // variables of the sections that define maps
	events    []byte              // contents of the event section; nil without one
	programs  []string            // names of sections with code
	hasBTF    bool
	license   string // "" where none is named
}

// readLayout checks that b is an eBPF object and returns where its symbols lie. Its errors
// are for people: cilium/ebpf reads the same bytes later and tells less of what is wrong.
func readLayout(b []byte) (*layout, error) {
	if err := checkHeader(b); err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read ELF headers (is the file damaged?): %w", err)
	}
	defer f.Close()

	var total uint64
	hasBTF := false
	var programs []string
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL && (s.Offset > uint64(len(b)) || s.FileSize > uint64(len(b))-s.Offset) {
			return nil, fmt.Errorf("the file is truncated: section %s ends beyond its %d bytes", s.Name, len(b))
		}
		if s.Flags&elf.SHF_COMPRESSED != 0 {
			return nil, fmt.Errorf("section %s is compressed, which no loader of eBPF reads", s.Name)
		}
		if s.Type == elf.SHT_NOBITS {
			if total += s.Size; s.Size > maxObject || total > maxObject {
				return nil, fmt.Errorf("section %s is too large: %d MB, the limit is %d", s.Name, s.Size>>20, maxObject>>20)
			}
		}
		hasBTF = hasBTF || s.Name == ".BTF"
		if s.Flags&elf.SHF_EXECINSTR != 0 && s.Size > 0 {
			programs = append(programs, s.Name)
		}
	}
	l, err := readSymbols(f)
	if err != nil {
		return nil, err
	}
	l.hasBTF, l.programs = hasBTF, programs
	if s := f.Section("license"); s != nil && s.Type == elf.SHT_PROGBITS {
		text, err := s.Data()
		if err != nil {
			return nil, fmt.Errorf("read section %s: %w", s.Name, err)
		}
		text, _, _ = bytes.Cut(text, []byte{0})
		l.license = string(text)
	}
	return l, nil
}

// checkOrder returns an error about objects that this machine does not run.
func checkOrder(b []byte) error {
	switch {
	case !foreign.Is(b):
		return nil
	case elf.Data(b[elf.EI_DATA]) == elf.ELFDATA2MSB:
		return errors.New("it is for big-endian machines and this one is little-endian; compile it with -target bpfel, or look at it with ebpfx inspect")
	}
	return errors.New("it is for little-endian machines and this one is big-endian; compile it with -target bpfeb, or look at it with ebpfx inspect")
}

// checkHeader looks at the first bytes, where most foreign files differ.
func checkHeader(b []byte) error {
	switch {
	case len(b) == 0:
		return errors.New("the file is empty")
	case !bytes.HasPrefix(b, []byte(elf.ELFMAG)):
		return errors.New("it is no ELF file; an eBPF object is what clang -target bpf -c leaves")
	case len(b) < 64: // sizeof(Elf64_Ehdr)
		return fmt.Errorf("the file is truncated: %d bytes", len(b))
	case elf.Class(b[elf.EI_CLASS]) != elf.ELFCLASS64:
		return errors.New("it is a 32-bit ELF file, no eBPF object")
	}
	data := elf.Data(b[elf.EI_DATA])
	var order binary.ByteOrder = binary.LittleEndian
	if data == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	machine := elf.Machine(order.Uint16(b[18:]))
	// Old LLVM left e_machine unset.
	if machine != elf.EM_BPF && machine != elf.EM_NONE {
		return fmt.Errorf("it is for %s, not for eBPF; compile it with clang -target bpf", strings.TrimPrefix(machine.String(), "EM_"))
	}
	table := order.Uint64(b[40:]) // e_shoff
	size := uint64(order.Uint16(b[58:])) * uint64(order.Uint16(b[60:]))
	if table == 0 || table > uint64(len(b)) || size > uint64(len(b))-table {
		return fmt.Errorf("the file is truncated: its section headers lie beyond its %d bytes", len(b))
	}
	return nil
}

func readSymbols(f *elf.File) (*layout, error) {
	symbols, err := f.Symbols()
	if err != nil {
		return nil, fmt.Errorf("read symbols: %w", err)
	}
	l := &layout{functions: make(map[string]position), maps: make(map[string]position)}
	for _, s := range symbols {
		if s.Name == "" || int(s.Section) >= len(f.Sections) {
			continue
		}
		section := f.Sections[s.Section]
		at := position{s.Section, s.Value}
		switch kind := elf.ST_TYPE(s.Info); {
		case section.Flags&elf.SHF_EXECINSTR != 0 && kind == elf.STT_FUNC && section.Name != ".text":
			if other, ok := l.functions[s.Name]; ok && other != at {
				return nil, fmt.Errorf("two programs are called %s, in sections %s and %s; rename one of them",
					s.Name, f.Sections[other.section].Name, section.Name)
			}
			l.functions[s.Name] = at
		case isMapSection(section.Name) && (kind == elf.STT_OBJECT || kind == elf.STT_NOTYPE):
			l.maps[s.Name] = at
		}
	}
	if s := f.Section(eventSection); s != nil && s.Type == elf.SHT_PROGBITS {
		if l.events, err = s.Data(); err != nil {
			return nil, fmt.Errorf("read section %s: %w", s.Name, err)
		}
	}
	return l, nil
}

// isMapSection: BTF-defined maps lie in .maps, those of the old style in maps or maps/NAME.
func isMapSection(name string) bool {
	return name == ".maps" || name == "maps" || strings.HasPrefix(name, "maps/")
}
