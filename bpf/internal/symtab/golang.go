package symtab

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"fmt"
)

// maxPCLineTable bounds .gopclntab, which is read whole: Kubernetes' largest programs have 40 MB.
const maxPCLineTable = 128 << 20

// readGo returns the functions of a Go program by what its runtime uses for tracebacks; nil where f is none.
func readGo(f *elf.File) (*table, error) {
	section, text := f.Section(".gopclntab"), f.Section(".text")
	if section == nil {
		section = f.Section(".data.rel.ro.gopclntab") // of position-independent programs
	}
	if section == nil || text == nil || section.Type != elf.SHT_PROGBITS || section.FileSize > maxPCLineTable {
		return nil, nil
	}
	data, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	lines, err := gosym.NewTable(nil, gosym.NewLineTable(data, textStart(f, data, text.Addr)))
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	var functions []function
	var names []byte
	for i := range lines.Funcs[:min(len(lines.Funcs), maxFunctions)] {
		fn := &lines.Funcs[i]
		if fn.Sym == nil || fn.End < fn.Entry {
			continue
		}
		functions = append(functions, newFunction(fn.Entry, fn.End-fn.Entry, true, uint32(len(names))))
		names = append(append(names, fn.Name...), 0)
	}
	if len(functions) == 0 {
		return nil, nil
	}
	return newTable(functions, bytes.NewReader(bytes.Clone(names))), nil
}

// textStart returns the address that functions count from. It is not always where the code begins: C may be linked in front of it. Until Go
// 1.25 the table's header tells it, save in position-independent programs; since 1.26 runtime.firstmoduledata has a section.
func textStart(f *elf.File, data []byte, text uint64) uint64 {
	const (
		pointerSize = 7 // offsets in pcHeader of runtime/symtab.go
		start       = 8 + 2*8

		moduleText = 22 * 8 // the field text of moduledata, which begins with the address of the table
	)
	if len(data) < start+8 || data[pointerSize] != 8 {
		return text
	}
	switch f.ByteOrder.Uint32(data) {
	case 0xfffffff0, 0xfffffff1: // Go 1.18 and 1.20
	default:
		return text // addresses are whole in older ones
	}
	if at := f.ByteOrder.Uint64(data[start:]); at != 0 {
		return at
	}
	if module := f.Section(".go.module"); module != nil && module.Type == elf.SHT_PROGBITS && module.FileSize <= 1<<20 {
		if b, err := module.Data(); err == nil && len(b) >= moduleText+8 && f.ByteOrder.Uint64(b) != 0 {
			return f.ByteOrder.Uint64(b[moduleText:])
		}
	}
	return exportedStart(f, data, text)
}

// exportedStart finds it by a function that all programs with C show to the dynamic linker.
func exportedStart(f *elf.File, data []byte, text uint64) uint64 {
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return text
	}
	lines, err := gosym.NewTable(nil, gosym.NewLineTable(data, 0))
	if err != nil {
		return text
	}
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF || s.Name != "crosscall2" && s.Name != "_cgo_topofstack" {
			continue
		}
		if fn := lines.LookupFunc(s.Name); fn != nil && fn.Entry <= s.Value {
			return s.Value - fn.Entry
		}
	}
	return text
}
