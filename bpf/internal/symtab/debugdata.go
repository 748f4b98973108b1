package symtab

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
)

// maxDebugData bounds .gnu_debugdata when it is unpacked. It has symbols alone, and of a package's largest files some megabytes.
const maxDebugData = 128 << 20

// readDebugData returns the functions of .gnu_debugdata of f, an ELF file packed with xz (gdb's manual, MiniDebugInfo); nil without one.
func readDebugData(f *elf.File) (*table, error) {
	section := f.Section(".gnu_debugdata")
	if section == nil || section.Type != elf.SHT_PROGBITS {
		return nil, nil
	}
	packed, err := xz.NewReader(section.Open())
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	b, err := io.ReadAll(io.LimitReader(packed, maxDebugData))
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	r := bytes.NewReader(b)
	inner, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	t, err := readSymbols(inner, r, elf.SHT_SYMTAB)
	if t == nil || err != nil {
		return nil, err
	}
	// Nothing but the names is needed any more.
	names := t.names.(*io.SectionReader)
	own := make([]byte, names.Size())
	if _, err := names.ReadAt(own, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	t.names = bytes.NewReader(own)
	return t, nil
}
