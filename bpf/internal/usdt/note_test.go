package usdt

import (
	"debug/elf"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// note makes an ELF note as sys/sdt.h does on little-endian machines.
func note(class elf.Class, owner string, kind uint32, addresses [3]uint64, texts ...string) []byte {
	var desc []byte
	for _, a := range addresses {
		if class == elf.ELFCLASS64 {
			desc = binary.LittleEndian.AppendUint64(desc, a)
		} else {
			desc = binary.LittleEndian.AppendUint32(desc, uint32(a))
		}
	}
	for _, t := range texts {
		desc = append(desc, t...)
		desc = append(desc, 0)
	}
	var b []byte
	for _, n := range []uint32{uint32(len(owner)), uint32(len(desc)), kind} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, part := range [][]byte{[]byte(owner), desc} {
		b = append(b, part...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

func TestParseNotes(t *testing.T) {
	const owner = "stapsdt\x00"
	at := [3]uint64{0x1000, 0x2000, 0x3000}
	for _, tc := range []struct {
		name  string
		notes [][]byte
		class elf.Class
		base  uint64
		want  []Site
		err   string
	}{
		{"none", nil, elf.ELFCLASS64, 0, nil, ""},
		{"two", [][]byte{
			note(elf.ELFCLASS64, owner, 3, at, "a", "b", "-4@%eax"),
			note(elf.ELFCLASS64, owner, 3, [3]uint64{1, 2, 0}, "a", "c", ""),
		}, elf.ELFCLASS64, 0, []Site{{"a", "b", "-4@%eax", 0x1000, 0x3000}, {"a", "c", "", 1, 0}}, ""},
		{"32 bits", [][]byte{note(elf.ELFCLASS32, owner, 3, at, "a", "b", "")}, elf.ELFCLASS32, 0, []Site{{"a", "b", "", 0x1000, 0x3000}}, ""},
		{"prelinked", [][]byte{note(elf.ELFCLASS64, owner, 3, at, "a", "b", "")}, elf.ELFCLASS64, 0x2010, []Site{{"a", "b", "", 0x1010, 0x3010}}, ""},
		{"moved down", [][]byte{note(elf.ELFCLASS64, owner, 3, at, "a", "b", "")}, elf.ELFCLASS64, 0x1ff0, []Site{{"a", "b", "", 0xff0, 0x2ff0}}, ""},
		{"no base in the note", [][]byte{note(elf.ELFCLASS64, owner, 3, [3]uint64{1, 0, 0}, "a", "b", "")}, elf.ELFCLASS64, 7, []Site{{"a", "b", "", 1, 0}}, ""},
		{"of dtrace", [][]byte{note(elf.ELFCLASS64, owner, 3, at, "a", "b", ":x")}, elf.ELFCLASS64, 0, []Site{{"a", "b", "", 0x1000, 0x3000}}, ""},
		{"of others", [][]byte{
			note(elf.ELFCLASS64, "GNU\x00", 3, at, "a", "b", ""), note(elf.ELFCLASS64, owner, 4, at, "a", "b", ""),
			note(elf.ELFCLASS64, owner, 3, at, "a", "b", ""),
		}, elf.ELFCLASS64, 0, []Site{{"a", "b", "", 0x1000, 0x3000}}, ""},
		{"short header", [][]byte{{1, 2, 3}}, elf.ELFCLASS64, 0, nil, "the note at byte 0 is cut off"},
		{"short", [][]byte{note(elf.ELFCLASS64, owner, 3, at, "a", "b", "")[:40]}, elf.ELFCLASS64, 0, nil, "the note at byte 0 is cut off"},
		{"endless", [][]byte{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0}}, elf.ELFCLASS64, 0, nil, "the note at byte 0 is cut off"},
		{"no arguments", [][]byte{note(elf.ELFCLASS64, owner, 3, at, "a", "b")}, elf.ELFCLASS64, 0, nil, "a name in it does not end"},
		{"no name", [][]byte{note(elf.ELFCLASS64, owner, 3, at, "a", "", "")}, elf.ELFCLASS64, 0, nil, "its probe has no name"},
		{"no addresses", [][]byte{note(elf.ELFCLASS32, owner, 3, at)}, elf.ELFCLASS64, 0, nil, "it has no room for its addresses"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var data []byte
			for _, n := range tc.notes {
				data = append(data, n...)
			}
			got, err := parseNotes(data, binary.LittleEndian, tc.class, tc.base)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParseNotes(f *testing.F) {
	f.Add(note(elf.ELFCLASS64, "stapsdt\x00", 3, [3]uint64{1, 2, 3}, "provider", "name", "-4@%eax"), false)
	f.Add(note(elf.ELFCLASS32, "stapsdt\x00", 3, [3]uint64{1, 2, 3}, "provider", "name", "-4@%eax"), true)
	f.Fuzz(func(t *testing.T, b []byte, narrow bool) {
		class := elf.ELFCLASS64
		if narrow {
			class = elf.ELFCLASS32
		}
		sites, err := parseNotes(b, binary.LittleEndian, class, 0)
		if err == nil && len(sites) > len(b)/12 {
			t.Errorf("%d sites in %d bytes", len(sites), len(b))
		}
		for _, s := range sites {
			if s.Name == "" {
				t.Errorf("%+v", s)
			}
		}
	})
}
