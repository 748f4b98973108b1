package symtab

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// symbol is one of a table that a test makes.
type symbol struct {
	name          string
	address, size uint64
	bind          elf.SymBind
}

// makeELF writes an ELF file to path: code of that size at address 0x1000, and a symbol table. Symbols are made one at a time, so that there may be
// many. What holds nothing takes no room on the disk.
func makeELF(t testing.TB, path string, codeSize int64, count int, at func(i int) symbol) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const headers = 0x1000
	var symbols, names bytes.Buffer
	names.WriteByte(0)
	symbols.Write(make([]byte, elf.Sym64Size))
	symbolsAt := headers + codeSize
	offset := symbolsAt
	flush := func() {
		if _, err := file.WriteAt(symbols.Bytes(), offset); err != nil {
			t.Fatal(err)
		}
		offset += int64(symbols.Len())
		symbols.Reset()
	}
	for i := range count {
		s := at(i)
		err := binary.Write(&symbols, binary.LittleEndian, elf.Sym64{
			Name: uint32(names.Len()), Info: elf.ST_INFO(s.bind, elf.STT_FUNC), Shndx: 1, Value: s.address, Size: s.size,
		})
		if err != nil {
			t.Fatal(err)
		}
		names.WriteString(s.name + "\x00")
		if symbols.Len() > 1<<20 {
			flush()
		}
	}
	flush()
	symbolsSize := offset - symbolsAt
	sections := []elf.Section64{
		{},
		{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR), Addr: 0x1000, Off: headers, Size: uint64(codeSize)},
		{Type: uint32(elf.SHT_SYMTAB), Off: uint64(symbolsAt), Size: uint64(symbolsSize), Link: 3, Entsize: elf.Sym64Size},
		{Type: uint32(elf.SHT_STRTAB), Off: uint64(offset), Size: uint64(names.Len())},
	}
	var header bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64,
			Phoff: 64, Phentsize: 56, Phnum: 1, Shoff: 64 + 56, Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 3,
		},
		elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_X | elf.PF_R), Off: headers, Vaddr: 0x1000, Filesz: uint64(codeSize), Memsz: uint64(codeSize)},
		sections,
	} {
		if err := binary.Write(&header, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := file.WriteAt(header.Bytes(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(names.Bytes(), offset); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) *File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(file, path, func(p string) (*os.File, error) { return os.Open(p) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "elf")
	list := []symbol{
		{"__libc_malloc", 0x2000, 0x40, elf.STB_GLOBAL},
		{"malloc", 0x2000, 0x40, elf.STB_GLOBAL},
		{"aaa", 0x2000, 0x40, elf.STB_LOCAL},
		{"around", 0x3000, 0x100, elf.STB_LOCAL},
		{"nested", 0x3010, 0x10, elf.STB_LOCAL},
		{"open_end", 0x4000, 0, elf.STB_WEAK},
		{"open_too", 0x4100, 0, elf.STB_WEAK},
		{"huge", 0x5000, 1 << 40, elf.STB_GLOBAL},
		{strings.Repeat("long", 1000), 0x1800, 8, elf.STB_GLOBAL},
		{"_ZN4shop5totalERNS_4CartIiEEi", 0x1900, 8, elf.STB_GLOBAL},
		{"_ZN4core3fmt5write17h0123456789abcdefE", 0x1910, 8, elf.STB_GLOBAL},
		{"_Znonsense", 0x1920, 8, elf.STB_GLOBAL},
	}
	makeELF(t, path, 1<<20, len(list), func(i int) symbol { return list[i] })
	f := read(t, path)
	for _, test := range []struct {
		address uint64
		want    string
	}{
		{0, ""},
		{0x1000, ""},
		{0x17ff, ""},
		{0x1800, strings.Repeat("long", 1000) + "+0"},
		{0x1808, ""},
		{0x1901, "shop::total+1"},
		{0x1910, "core::fmt::write+0"},
		{0x1920, "_Znonsense+0"},
		{0x1fff, ""},
		{0x203f, "malloc+63"},
		{0x2040, ""},
		{0x3018, "nested+8"},
		{0x3020, "around+32"},
		{0x3100, ""},
		{0x4000, "open_end+0"},
		{0x40ff, "open_end+255"},
		{0x4100, "open_too+0"},
		{0x20000000, "huge+536850432"},
		{1 << 50, ""},
		{^uint64(0), ""},
	} {
		name, offset, ok := f.Name(test.address)
		got := ""
		if ok {
			got = fmt.Sprintf("%s+%d", name, offset)
		}
		if got != test.want {
			t.Errorf("%#x is %s, want %s", test.address, got, test.want)
		}
	}
	if a, ok := f.Address(0x1010); !ok || a != 0x1010 {
		t.Errorf("the byte at 0x1010 lies at %#x, %v", a, ok)
	}
	if _, ok := f.Address(1 << 40); ok {
		t.Error("there is no such byte")
	}
}

// Tables are as large as the number of functions asks for, whatever the file's size and however long the names.
func TestMemory(t *testing.T) {
	const functions = 100_000
	path := filepath.Join(t.TempDir(), "elf")
	makeELF(t, path, 64<<20, functions, testFunction)
	used, f := memoryOf(t, path)
	if n := f.Functions(); n != functions {
		t.Errorf("%d functions, want %d", n, functions)
	}
	if most := uint64(24 * functions); used > most {
		t.Errorf("%d bytes are kept, want no more than %d", used, most)
	}
	if name, _, _ := f.Name(0x1000 + 16*77_777); name != longName(77_777) {
		t.Errorf("got %s", name)
	}
}

func longName(i int) string {
	return fmt.Sprintf("a_name_that_is_long_as_those_of_large_programs_are_%d", i)
}

func testFunction(i int) symbol {
	return symbol{longName(i), 0x1000 + 16*uint64(i), 16, elf.STB_GLOBAL}
}

// memoryOf reads a file, and returns the memory that is held for it.
func memoryOf(t testing.TB, path string) (uint64, *File) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f := read(t, path)
	runtime.GC()
	runtime.ReadMemStats(&after)
	return after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc), f
}

// BenchmarkLarge reads a program of 500 MB with a million functions.
func BenchmarkLarge(b *testing.B) {
	path := filepath.Join(b.TempDir(), "elf")
	makeELF(b, path, 430<<20, 1_000_000, testFunction)
	var used uint64
	for b.Loop() {
		var f *File
		used, f = memoryOf(b, path)
		if _, _, ok := f.Name(0x1000 + 16*999_999); !ok {
			b.Fatal("no name")
		}
		f.Close()
	}
	b.ReportMetric(float64(used)/1e6, "MB")
}

// FuzzReadImage checks that nothing that a file may hold does harm.
func FuzzReadImage(f *testing.F) {
	path := filepath.Join(f.TempDir(), "elf")
	makeELF(f, path, 16, 3, testFunction)
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint64(0x1001))
	f.Add(b[:0x1010], uint64(0))
	f.Add(b[:100], uint64(1))
	f.Add([]byte{}, uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, address uint64) {
		image, err := ReadImage(bytes.NewReader(b))
		if err != nil {
			return
		}
		image.Name(address)
		if a, ok := image.Address(address); ok {
			image.Name(a)
		}
	})
}
