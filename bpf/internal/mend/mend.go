// Package mend changes eBPF objects in memory so that cilium/ebpf v0.22 takes what libbpf takes: names, bindings, definitions
// and relocations that the two loaders read differently. What programs do stays as it is.
package mend

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// Externs is what the BTF section .kconfig is called once Object has seen it. Under its own name cilium/ebpf gives values to
// the variables itself, and knows fewer of them than libbpf does.
const Externs = ".externs"

const kconfig = ".kconfig"

// Facts is what an object says that cilium/ebpf does not pass on.
type Facts struct {
	// Hidden are functions that no other object may call. libbpf has the kernel verify them where they are called, as it
	// does static ones, and not by themselves, where nothing would be known of their arguments.
	Hidden map[string]bool
	// Weak are extern variables that are 0 where nothing gives them a value. Others must have one.
	Weak map[string]bool
	// Kernel are variables of the kernel that the object declares with their types. Those that may be missing are true.
	Kernel map[string]bool
	// Relocated are the types that CO-RE looks up in the kernel.
	Relocated []rawbtf.Relocated
	// Undefined are symbols that neither the object nor the kernel defines: another source should have.
	Undefined map[string]bool
	// DeclaredMaps are those of Undefined that are maps. cilium/ebpf is told nothing of them.
	DeclaredMaps []string
}

// Object mends the object b, an ELF file of this machine's byte order whose sections lie within it.
func Object(b []byte) (*Facts, error) {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o := &object{raw: b, file: f, facts: &Facts{
		Hidden: make(map[string]bool), Weak: make(map[string]bool), Kernel: make(map[string]bool), Undefined: make(map[string]bool),
	}}
	if o.symbols, err = f.Symbols(); err != nil {
		return nil, fmt.Errorf("read symbols: %w", err)
	}
	if s := f.Section(".BTF"); s != nil {
		data, err := o.contents(s)
		if err != nil {
			return nil, err
		}
		parsed, err := rawbtf.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("read BTF: %w", err)
		}
		o.types = &types{parsed}
		o.facts.DeclaredMaps = o.types.hideDeclaredMaps()
		o.externs = parsed.Names(kconfig)
		o.ksyms = parsed.Names(ksyms)
		o.typed = o.types.mendKernelVariables()
	}
	for _, step := range []func() error{o.mendSymbols, o.mendAddresses, o.mendSections} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if o.types != nil {
		o.types.mendMaps()
		o.types.hideKconfig()
		o.facts.Relocated = o.relocated()
	}
	return o.facts, nil
}

type object struct {
	raw     []byte
	file    *elf.File
	types   *types          // nil where there is no BTF
	externs map[string]bool // variables of .kconfig
	ksyms   map[string]bool // functions and variables of the kernel
	typed   map[string]bool // those of the variables that have a type
	symbols []elf.Symbol    // without the first, which is empty
	facts   *Facts
}

// relocated returns the types that CO-RE looks up. What is wrong with the records of relocations is for cilium/ebpf to say, and then nothing is known of them.
func (o *object) relocated() []rawbtf.Relocated {
	s := o.file.Section(".BTF.ext")
	if s == nil {
		return nil
	}
	unknown := []rawbtf.Relocated{{Beyond: true}}
	data, err := o.contents(s)
	if err != nil {
		return unknown
	}
	all, err := o.types.Relocated(data)
	if err != nil {
		return unknown
	}
	return all
}

// contents returns the bytes of a section, to be changed in place.
func (o *object) contents(s *elf.Section) ([]byte, error) {
	if s.Type == elf.SHT_NOBITS || s.Flags&elf.SHF_COMPRESSED != 0 ||
		s.Offset > uint64(len(o.raw)) || s.FileSize > uint64(len(o.raw))-s.Offset {
		return nil, fmt.Errorf("section %s does not lie in the file", s.Name)
	}
	return o.raw[s.Offset : s.Offset+s.FileSize], nil
}

// mendSections renames .bss.NAME to .dataNAME, which is as long and which cilium/ebpf takes for data, too, and hides .struct_ops, for
// which it refuses the whole object. (It takes .struct_ops.link.)
func (o *object) mendSections() error {
	header := o.raw[:64] // of ELF: sizeof(Elf64_Ehdr)
	first := binary.NativeEndian.Uint64(header[40:])
	size := uint64(binary.NativeEndian.Uint16(header[58:]))
	names := int(binary.NativeEndian.Uint16(header[62:])) // e_shstrndx
	for i, s := range o.file.Sections {
		at := first + uint64(i)*size
		if at+8 > uint64(len(o.raw)) {
			return fmt.Errorf("the header of section %s does not lie in the file", s.Name)
		}
		raw := o.raw[at:]
		switch {
		case s.Name == ".struct_ops":
			binary.NativeEndian.PutUint32(raw[4:], uint32(elf.SHT_NOTE)) // sh_type
		case strings.HasPrefix(s.Name, ".bss.") && names < len(o.file.Sections):
			text, err := o.contents(o.file.Sections[names])
			if err != nil {
				return err
			}
			renamed := ".data" + strings.TrimPrefix(s.Name, ".bss.")
			replaceName(text, binary.NativeEndian.Uint32(raw), s.Name, renamed)
			if o.types != nil {
				o.types.rename(s.Name, renamed)
			}
		}
	}
	return nil
}

// replaceName writes a name over another of the same length in a table of names.
func replaceName(table []byte, at uint32, from, to string) {
	if uint64(at) < uint64(len(table)) && bytes.HasPrefix(table[at:], []byte(from)) {
		copy(table[at:], to)
	}
}
