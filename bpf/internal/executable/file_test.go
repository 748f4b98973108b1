package executable

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The smallest file with symbols: 64 bytes of header, one segment of code at 0x1000 that is all of the file, sections.
const (
	codeAddress = 0x1000
	codeSize    = 0x100
)

type symbol struct {
	name    string
	value   uint64
	info    byte
	section uint16
}

func fn(name string, value uint64, bind elf.SymBind) symbol {
	return symbol{name, value, elf.ST_INFO(bind, elf.STT_FUNC), 1}
}

// makeELF makes an executable with the symbols.
func makeELF(symbols ...symbol) []byte {
	le := binary.LittleEndian
	const header, program, section, entry = 64, 56, 64, 24
	b := make([]byte, header+program+codeSize)
	names := []byte{0}
	table := make([]byte, entry)
	for _, s := range symbols {
		one := make([]byte, entry)
		le.PutUint32(one, uint32(len(names)))
		one[4] = s.info
		le.PutUint16(one[6:], s.section)
		le.PutUint64(one[8:], s.value)
		le.PutUint64(one[16:], 16)
		table = append(table, one...)
		names = append(append(names, s.name...), 0)
	}
	sectionNames := []byte("\x00.text\x00.symtab\x00.strtab\x00")
	tableAt := len(b)
	b = append(b, table...)
	namesAt := len(b)
	b = append(b, names...)
	sectionNamesAt := len(b)
	b = append(b, sectionNames...)
	sectionsAt := len(b)
	for _, s := range []struct {
		name, kind, at, size, link, entry int
	}{
		{},
		{1, int(elf.SHT_PROGBITS), header + program, codeSize, 0, 0},
		{7, int(elf.SHT_SYMTAB), tableAt, len(table), 3, entry},
		{15, int(elf.SHT_STRTAB), namesAt, len(names), 0, 0},
		{15, int(elf.SHT_STRTAB), sectionNamesAt, len(sectionNames), 0, 0},
	} {
		one := make([]byte, section)
		le.PutUint32(one, uint32(s.name))
		le.PutUint32(one[4:], uint32(s.kind))
		le.PutUint64(one[24:], uint64(s.at))
		le.PutUint64(one[32:], uint64(s.size))
		le.PutUint32(one[40:], uint32(s.link))
		le.PutUint64(one[56:], uint64(s.entry))
		b = append(b, one...)
	}
	copy(b, elf.ELFMAG)
	b[4], b[5], b[6] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	for at, v := range map[int]uint16{16: uint16(elf.ET_EXEC), 18: uint16(elf.EM_X86_64), 52: header, 54: program, 56: 1, 58: section, 60: 5, 62: 4} {
		le.PutUint16(b[at:], v)
	}
	le.PutUint32(b[20:], uint32(elf.EV_CURRENT))
	le.PutUint64(b[32:], header)
	le.PutUint64(b[40:], uint64(sectionsAt))
	p := b[header:]
	le.PutUint32(p, uint32(elf.PT_LOAD))
	le.PutUint32(p[4:], uint32(elf.PF_X|elf.PF_R))
	le.PutUint64(p[16:], codeAddress)
	le.PutUint64(p[32:], uint64(sectionsAt))
	le.PutUint64(p[40:], uint64(sectionsAt))
	return b
}

func fileOf(t *testing.T, b []byte) *File {
	t.Helper()
	e, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return &File{Name: "prog", ELF: e}
}

func selectText(t *testing.T, f *File, text string) ([]Function, error) {
	t.Helper()
	p, err := ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return f.Select(p)
}

func TestSelect(t *testing.T) {
	f := fileOf(t, makeELF(
		fn("one", codeAddress+0x10, elf.STB_GLOBAL),
		fn("alias", codeAddress+0x10, elf.STB_WEAK),
		fn("both", codeAddress+0x20, elf.STB_LOCAL), fn("both", codeAddress+0x30, elf.STB_GLOBAL),
		fn("twice", codeAddress+0x40, elf.STB_LOCAL), fn("twice", codeAddress+0x50, elf.STB_LOCAL),
		fn("old@V1", codeAddress+0x60, elf.STB_GLOBAL), fn("old@@V2", codeAddress+0x70, elf.STB_GLOBAL),
		symbol{"assembly", codeAddress + 0x80, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE), 1},
		symbol{"chosen", codeAddress + 0x90, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_GNU_IFUNC), 1},
		symbol{"taken", 0, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), 0},
		symbol{"variable", codeAddress + 0xa0, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_OBJECT), 1},
		// Tables that lie.
		fn("outside", 0xdead0000, elf.STB_GLOBAL),
		fn("wraps", 1<<64-8, elf.STB_GLOBAL),
	))
	for _, tc := range []struct {
		pattern string
		want    []uint64
		err     string
	}{
		{"one", []uint64{0x10}, ""},
		{"alias", []uint64{0x10}, ""},
		{"both", []uint64{0x30}, ""},
		{"old", []uint64{0x70}, ""},
		{"old@V1", []uint64{0x60}, ""},
		{"old@@V2", []uint64{0x70}, ""},
		{"assembly", []uint64{0x80}, ""},
		{"*", []uint64{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70}, ""},
		{"/^(one|alias)$/", []uint64{0x10}, ""},
		{"twice", nil, "prog has 2 functions called twice; name one by its offset: 0x40 or 0x50"},
		{"old@V3", nil, "old of prog has no version V3 (there is: V1 and V2)"},
		{"one@V1", nil, "one of prog has no versions"},
		{"chosen", nil, "which code runs as chosen of prog is chosen when a process starts"},
		{"taken", nil, "prog takes taken from a library"},
		{"variable", nil, "prog has no symbol variable"},
		{"outside", nil, "prog has no symbol outside"},
		{"wraps", nil, "prog has no symbol wraps"},
		{"none*", nil, "prog has no function that matches none*"},
	} {
		t.Run(tc.pattern, func(t *testing.T) {
			got, err := selectText(t, f, tc.pattern)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var offsets []uint64
			for _, fn := range got {
				offsets = append(offsets, fn.Offset)
			}
			if diff := cmp.Diff(tc.want, offsets); diff != "" {
				t.Error(diff)
			}
		})
	}
	if address, ok := f.Variable("variable"); !ok || address != codeAddress+0xa0 {
		t.Errorf("the variable is at %#x, %v", address, ok)
	}
	if _, ok := f.Variable("twice"); ok {
		t.Error("one of two is chosen")
	}
}

// TestReplaced: what is attached to is the file that was read, not what has come to its path since.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "prog"), filepath.Join(dir, "other")
	for name, symbols := range map[string]string{path: "first", other: "second"} {
		if err := os.WriteFile(name, makeELF(fn(symbols, codeAddress, elf.STB_GLOBAL)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Find(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if _, err := selectText(t, f, "first"); err != nil {
		t.Error(err)
	}
	if attached, err := os.Stat(f.KernelPath()); err != nil || !os.SameFile(before, attached) {
		t.Errorf("%s is another file: %v", f.KernelPath(), err)
	}
}

func FuzzSelect(f *testing.F) {
	f.Add(makeELF(fn("one", codeAddress, elf.STB_GLOBAL), fn("old@@V2", codeAddress+8, elf.STB_LOCAL)), "one")
	f.Add(makeELF(), "*")
	f.Fuzz(func(t *testing.T, b []byte, text string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		e, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			return
		}
		file := &File{Name: "prog", ELF: e}
		functions, err := file.Select(p)
		var none *NoFunctionError
		if len(functions) == 0 && err == nil || errors.As(err, &none) && none.Error() == "" {
			t.Errorf("no function and no error")
		}
		for _, fn := range functions {
			if _, ok := file.Code(fn.Offset); !ok {
				t.Errorf("%+v lies in no code", fn)
			}
		}
		file.Variable(text)
	})
}
