package mend

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// mendSymbols makes weak symbols global where cilium/ebpf refuses references to weak ones: maps (usdt.bpf.h defines its own so,
// for several files to include it), functions whose address is taken, and variables that the kernel's configuration gives a value.
func (o *object) mendSymbols() error {
	const (
		entry   = 24 // sizeof(Elf64_Sym)
		infoAt  = 4  // st_info
		indexAt = 6  // st_shndx
	)
	var table []byte
	var err error
	for _, s := range o.file.Sections {
		if s.Type == elf.SHT_SYMTAB {
			if table, err = o.contents(s); err != nil {
				return err
			}
			break
		}
	}
	for i, s := range o.symbols {
		raw := table[min(len(table), (i+1)*entry):] // debug/elf leaves out the first, which is empty
		if len(raw) < entry || binary.NativeEndian.Uint16(raw[indexAt:]) != uint16(s.Section) {
			return fmt.Errorf("symbol %s does not lie in the symbol table", s.Name)
		}
		visibility := elf.ST_VISIBILITY(s.Other)
		kind, weak := elf.ST_TYPE(s.Info), elf.ST_BIND(s.Info) == elf.STB_WEAK
		if kind == elf.STT_FUNC && (visibility == elf.STV_HIDDEN || visibility == elf.STV_INTERNAL) {
			o.facts.Hidden[s.Name] = true
		}
		if s.Section == elf.SHN_UNDEF && o.typed[s.Name] {
			o.facts.Kernel[s.Name] = weak
		}
		if s.Section == elf.SHN_UNDEF && s.Name != "" && o.types != nil && !o.ksyms[s.Name] && !o.externs[s.Name] {
			o.facts.Undefined[s.Name] = true
		}
		if !weak || !o.referable(s) {
			continue
		}
		raw[infoAt] = elf.ST_INFO(elf.STB_GLOBAL, kind)
	}
	return nil
}

// referable reports whether the weak symbol s is one that programs refer to and cilium/ebpf takes as a global one only. Weak kernel
// functions and symbols it knows.
func (o *object) referable(s elf.Symbol) bool {
	if s.Section == elf.SHN_UNDEF {
		if o.externs[s.Name] {
			o.facts.Weak[s.Name] = true
		}
		return o.externs[s.Name]
	}
	if int(s.Section) >= len(o.file.Sections) {
		return false
	}
	section := o.file.Sections[s.Section]
	return section.Name == ".maps" || section.Name == "maps" || elf.ST_TYPE(s.Info) == elf.STT_FUNC
}

// mendAddresses has instructions that load the address of a function hold where it lies in its section. For functions with a symbol the
// compiler leaves that to the symbol, and cilium/ebpf takes the function that lies first.
func (o *object) mendAddresses() error {
	const (
		entry       = 16   // sizeof(Elf64_Rel)
		loadAddress = 0x18 // BPF_LD | BPF_IMM | BPF_DW
		immediateAt = 4    // imm of struct bpf_insn
		size        = 16   // of this instruction
	)
	for _, s := range o.file.Sections {
		if s.Type != elf.SHT_REL || int(s.Info) >= len(o.file.Sections) || o.file.Sections[s.Info].Flags&elf.SHF_EXECINSTR == 0 {
			continue
		}
		relocations, err := o.contents(s)
		if err != nil {
			return err
		}
		code, err := o.contents(o.file.Sections[s.Info])
		if err != nil {
			return err
		}
		for ; len(relocations) >= entry; relocations = relocations[entry:] {
			at := binary.NativeEndian.Uint64(relocations)
			number := elf.R_SYM64(binary.NativeEndian.Uint64(relocations[8:]))
			if number == 0 || uint64(number) > uint64(len(o.symbols)) || len(code) < size || at > uint64(len(code)-size) {
				continue // for the loader to judge
			}
			symbol := o.symbols[number-1]
			if elf.ST_TYPE(symbol.Info) == elf.STT_FUNC && code[at] == loadAddress {
				binary.NativeEndian.PutUint32(code[at+immediateAt:], uint32(symbol.Value))
			}
		}
	}
	return nil
}
