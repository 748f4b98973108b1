package dwarftype_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/ebpfx/ebpfx/bpf/internal/dwarftype"
)

// object makes an object of code in one section, with functions that begin at the given offsets and reach to its end.
func object(t *testing.T, code []byte, functions []uint64) []byte {
	t.Helper()
	var body, headers bytes.Buffer
	names := []byte("\x00code\x00.symtab\x00.strtab\x00")
	symbols := []elf.Sym64{{}}
	for _, at := range functions {
		symbols = append(symbols, elf.Sym64{Name: 1, Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: 1, Value: at})
	}
	const header, entry, symbol = 64, 64, 24 // sizes of Elf64_Ehdr, Elf64_Shdr and Elf64_Sym
	write := func(to *bytes.Buffer, v any) {
		if err := binary.Write(to, binary.NativeEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	section := func(s elf.Section64, contents any) {
		s.Off = header + uint64(body.Len())
		write(&body, contents)
		s.Size = header + uint64(body.Len()) - s.Off
		write(&headers, s)
	}
	write(&headers, elf.Section64{})
	section(elf.Section64{Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR)}, code)
	section(elf.Section64{Name: 6, Type: uint32(elf.SHT_SYMTAB), Link: 3, Info: 1, Entsize: symbol}, symbols)
	section(elf.Section64{Name: 14, Type: uint32(elf.SHT_STRTAB)}, names)
	h := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_BPF), Version: 1, Shoff: header + uint64(body.Len()),
		Ehsize: header, Shentsize: entry, Shnum: 4, Shstrndx: 3,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		h.Ident[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
	}
	var whole bytes.Buffer
	write(&whole, h)
	whole.Write(body.Bytes())
	whole.Write(headers.Bytes())
	return whole.Bytes()
}

// TestFunctionsOverlap: functions that all claim the same code cost no more than a large object does.
func TestFunctionsOverlap(t *testing.T) {
	const instructions, functions = 1 << 16, 256 // 16 million instructions in all
	hostile := object(t, make([]byte, 8*instructions), make([]uint64, functions))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	annotated, err := dwarftype.Annotate(hostile)
	runtime.ReadMemStats(&after)
	if err != nil || &annotated[0] != &hostile[0] {
		t.Errorf("the object is another one, %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("%d MB were allocated for an object of %d kB", took>>20, len(hostile)>>10)
	}
}
