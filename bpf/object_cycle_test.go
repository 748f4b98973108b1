package bpf_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestOverlap: sections that share bytes are read, and what is nonsense in them is an error.
func TestOverlap(t *testing.T) {
	f, err := elf.NewFile(bytes.NewReader(testprog.Streams))
	if err != nil {
		t.Fatal(err)
	}
	const offsetAt, sizeAt = 24, 32 // sh_offset and sh_size
	for _, s := range f.Sections {
		for _, other := range f.Sections {
			if s.Name == "" || s == other || s.Type == elf.SHT_NOBITS {
				continue
			}
			b := bytes.Clone(testprog.Streams)
			setSection(b, s.Name, offsetAt, other.Offset)
			setSection(b, s.Name, sizeAt, other.FileSize)
			openDamaged(t, b)
		}
	}
}

// TestCyclicTypes: types that are made of themselves end nothing but the opening of their object.
func TestCyclicTypes(t *testing.T) {
	for name, object := range map[string][]byte{"event": testprog.Event, "streams": testprog.Streams, "globals": testprog.Globals, "maps": testprog.Maps} {
		t.Run(name, func(t *testing.T) {
			types, err := rawbtf.Parse(btfOf(t, object))
			if err != nil {
				t.Fatal(err)
			}
			for number := 1; number < len(types.At); number++ {
				b := bytes.Clone(object)
				damaged, err := rawbtf.Parse(btfOf(t, b))
				if err != nil {
					t.Fatal(err)
				}
				raw := damaged.At[number]
				own := uint32(number)
				switch kind := rawbtf.KindOf(raw); kind {
				case rawbtf.Typedef, rawbtf.Const, rawbtf.Volatile, rawbtf.Restrict, rawbtf.Pointer, rawbtf.Var, rawbtf.TypeTag, rawbtf.DeclTag:
					binary.NativeEndian.PutUint32(raw[8:], own)
				case rawbtf.Array:
					binary.NativeEndian.PutUint32(raw[rawbtf.TypeSize:], own)
				case rawbtf.Struct, rawbtf.Union:
					if len(raw) < rawbtf.TypeSize+rawbtf.MemberSize {
						continue
					}
					binary.NativeEndian.PutUint32(raw[rawbtf.TypeSize+4:], own)
				default:
					continue
				}
				openDamaged(t, b)
			}
		})
	}
}

// openDamaged opens an object of which nothing is to be said but that it ends, and uses what it holds.
func openDamaged(t *testing.T, b []byte) {
	t.Helper()
	o, err := bpf.OpenReader("x.bpf.o", bytes.NewReader(b))
	if err != nil {
		return
	}
	for _, s := range o.Streams() {
		for _, typ := range s.Types {
			typ.AppendText(nil, make([]byte, 64))
		}
	}
	o.Maps()
	o.Variables()
	o.Enumerators()
}

// btfOf returns the bytes of the BTF in an object.
func btfOf(t *testing.T, object []byte) []byte {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Section(".BTF")
	return object[s.Offset : s.Offset+s.FileSize]
}
