package dwarftype

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// insnSize is sizeof(struct bpf_insn).
const insnSize = 8

// insn is one struct bpf_insn. The second half of a 64-bit load is one, too, of which all but imm is 0.
type insn struct {
	op       uint8
	dst, src uint8
	off      int16
	imm      int32
}

// function is the code of one function.
type function struct {
	name    string
	section int
	start   int // number of its first instruction in the section
	code    []insn
	refs    map[int]reference // by number of the instruction in code
	locals  []local           // what DWARF says of its variables
	scope   *scope            // the same, nested
	calls   []call            // to other functions of the object
	callers []caller
	trace   *trace
	holders map[origin][]holder
}

// reference is what the relocation of an instruction refers to.
type reference struct {
	symbol  elf.Symbol
	section *elf.Section // that the symbol lies in; nil where it lies in none
}

// call is a call of another function of the object.
type call struct {
	at     int // number of the instruction
	callee *function
}

type caller struct {
	*function
	at int
}

// program is the code of an object.
type program struct {
	file      *elf.File
	raw       []byte
	symbols   []elf.Symbol
	functions []*function
	size      int // instructions of all of them
}

var (
	errDamaged  = errors.New("the code of the object is damaged")
	errTooLarge = errors.New("the code of the object is too large to be followed")
)

// maxCode bounds how many instructions are followed: what is known before each of them is kept. Functions that claim the same
// instructions, as a damaged symbol table may have it, count each.
const maxCode = 1 << 18

// parse reads the code of all functions. errTooLarge is the error about one of more than maxCode instructions.
func parse(raw []byte) (*program, error) {
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	p := &program{file: f, raw: raw}
	if p.symbols, err = f.Symbols(); err != nil {
		return nil, err
	}
	for i, s := range f.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 && s.Type == elf.SHT_PROGBITS {
			if err := p.parseSection(i, s); err != nil {
				return nil, err
			}
		}
	}
	p.linkCalls()
	return p, nil
}

func (p *program) parseSection(number int, s *elf.Section) error {
	data, err := p.contents(s)
	if err != nil {
		return err
	}
	var starts []elf.Symbol
	for _, sym := range p.symbols {
		if int(sym.Section) == number && elf.ST_TYPE(sym.Info) == elf.STT_FUNC && sym.Value < uint64(len(data)) {
			starts = append(starts, sym)
		}
	}
	slices.SortFunc(starts, func(a, b elf.Symbol) int { return int(a.Value) - int(b.Value) })
	refs, err := p.references(number)
	if err != nil {
		return err
	}
	for _, sym := range starts {
		end := sym.Value + sym.Size
		if sym.Size == 0 || end < sym.Value || end > uint64(len(data)) {
			end = uint64(len(data))
		}
		f := &function{
			name: sym.Name, section: number, start: int(sym.Value / insnSize),
			refs: make(map[int]reference),
		}
		if p.size += int((end - sym.Value) / insnSize); p.size > maxCode {
			return errTooLarge
		}
		for at := sym.Value; at+insnSize <= end; at += insnSize {
			b := data[at:]
			f.code = append(f.code, insn{b[0], b[1] & 15, b[1] >> 4, int16(binary.NativeEndian.Uint16(b[2:])), int32(binary.NativeEndian.Uint32(b[4:]))})
			if ref, ok := refs[at]; ok {
				f.refs[len(f.code)-1] = ref
			}
		}
		p.functions = append(p.functions, f)
	}
	return nil
}

// references returns what the relocations of a section refer to, by offset.
func (p *program) references(section int) (map[uint64]reference, error) {
	all := make(map[uint64]reference)
	err := p.relocations(section, func(at uint64, _ uint32, symbol elf.Symbol) {
		ref := reference{symbol: symbol}
		if int(symbol.Section) < len(p.file.Sections) && symbol.Section != elf.SHN_UNDEF {
			ref.section = p.file.Sections[symbol.Section]
		}
		all[at] = ref
	})
	return all, err
}

// relocations calls yield with each relocation of a section: its offset, its type and its symbol.
func (p *program) relocations(section int, yield func(at uint64, kind uint32, symbol elf.Symbol)) error {
	const entry = 16 // sizeof(Elf64_Rel)
	for _, s := range p.file.Sections {
		if s.Type != elf.SHT_REL || int(s.Info) != section {
			continue
		}
		data, err := p.contents(s)
		if err != nil {
			return err
		}
		for ; len(data) >= entry; data = data[entry:] {
			info := binary.NativeEndian.Uint64(data[8:])
			if number := elf.R_SYM64(info); number > 0 && uint64(number) <= uint64(len(p.symbols)) {
				yield(binary.NativeEndian.Uint64(data), elf.R_TYPE64(info), p.symbols[number-1])
			}
		}
	}
	return nil
}

// contents returns the bytes of a section.
func (p *program) contents(s *elf.Section) ([]byte, error) {
	if s.Type == elf.SHT_NOBITS || s.Flags&elf.SHF_COMPRESSED != 0 ||
		s.Offset > uint64(len(p.raw)) || s.FileSize > uint64(len(p.raw))-s.Offset {
		return nil, errDamaged
	}
	return p.raw[s.Offset : s.Offset+s.FileSize], nil
}

// linkCalls finds out which function each call between functions goes to.
func (p *program) linkCalls() {
	type place struct{ section, start int }
	at := make(map[place]*function)
	for _, f := range slices.Backward(p.functions) { // of several in one place the first counts
		at[place{f.section, f.start}] = f
	}
	for _, f := range p.functions {
		for i, ins := range f.code {
			if ins.op != opCall || ins.src != pseudoCall {
				continue
			}
			section, to := f.section, f.start+i+1+int(ins.imm)
			if ref, ok := f.refs[i]; ok {
				// bpf_program_reloc_call in libbpf: the distance counts from the symbol.
				section, to = int(ref.symbol.Section), int(ref.symbol.Value/insnSize)+1+int(ins.imm)
			}
			if callee := at[place{section, to}]; callee != nil {
				f.calls = append(f.calls, call{i, callee})
				callee.callers = append(callee.callers, caller{f, i})
			}
		}
	}
}

func isMapSection(name string) bool {
	return name == ".maps" || name == "maps" || strings.HasPrefix(name, "maps/")
}
