package bpf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestDamaged: what is wrong with a damaged object is said, in memory of the size of the file and not of what its headers claim.
func TestDamaged(t *testing.T) {
	sound := testprog.Streams
	// patched changes BTF; first returns the first type of a kind and its number.
	patched := func(change func(data []byte, first func(kind uint32) ([]byte, uint32))) []byte {
		b := bytes.Clone(sound)
		data := btfOf(t, b)
		types, err := rawbtf.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		change(data, func(kind uint32) ([]byte, uint32) {
			for i, raw := range types.At {
				if i > 0 && rawbtf.KindOf(raw) == kind {
					return raw, uint32(i)
				}
			}
			t.Fatalf("no type of kind %d", kind)
			return nil, 0
		})
		return b
	}
	put := binary.NativeEndian.PutUint32
	header := func(at int) []byte {
		return patched(func(data []byte, _ func(uint32) ([]byte, uint32)) { put(data[at:], math.MaxUint32-3) })
	}
	field := func(kind uint32, at int, value uint32) []byte {
		return patched(func(_ []byte, first func(uint32) ([]byte, uint32)) {
			raw, _ := first(kind)
			put(raw[at:], value)
		})
	}
	cycle := func(kind uint32, at int) []byte {
		return patched(func(_ []byte, first func(uint32) ([]byte, uint32)) {
			raw, own := first(kind)
			put(raw[at:], own)
		})
	}
	type damage struct {
		name   string
		object []byte
		want   string // "": it opens, since nothing needs what is damaged
	}
	const beyond = "read BTF: a part of it lies beyond its end"
	all := []damage{
		{"BTF header", header(4), beyond},
		{"types begin outside", header(8), beyond},
		{"types end outside", header(12), beyond},
		{"strings begin outside", header(16), beyond},
		{"strings end outside", header(20), beyond},
		{"members", field(rawbtf.Struct, 4, rawbtf.Struct<<24|0xffff), "read BTF: a type is cut short"},
		{"type", field(rawbtf.Pointer, 8, math.MaxUint32), "load BTF maps: section .maps: contains 7 symbols but 0 btf.Vars"},
		{"name", field(rawbtf.Struct, 0, math.MaxUint32), "load BTF: lookup type name for id"},
		{"array", field(rawbtf.Array, rawbtf.TypeSize+8, math.MaxUint32), ""},
		{"typedef of itself", cycle(rawbtf.Typedef, 8), ""},
		{"array of itself", cycle(rawbtf.Array, rawbtf.TypeSize), ""},
		{"struct in itself", cycle(rawbtf.Struct, rawbtf.TypeSize+4), "load BTF maps: map "},
		{"pointer to itself", cycle(rawbtf.Pointer, 8), "load BTF maps: map "},
		{"variable of itself", cycle(rawbtf.Var, 8), "load BTF maps: expected struct, got Var"},
	}
	for _, section := range []string{".BTF", ".BTF.ext", ".symtab", ".strtab", ".maps", "license"} {
		b := bytes.Clone(sound)
		setSection(b, section, 32, math.MaxUint64)
		all = append(all, damage{"size of " + section, b, "read ELF headers (is the file damaged?): invalid section size"})
		if section != ".strtab" { // which has the names of sections
			b = bytes.Clone(sound)
			setSection(b, section, 32, 1<<33)
			all = append(all, damage{"8 GB of " + section, b, "the file is truncated: section " + section + " ends beyond its"})
		}
	}
	for i := 1; i < 64; i++ {
		all = append(all, damage{fmt.Sprintf("%d of 64 parts", i), sound[:len(sound)*i/64], "the file is truncated: "})
	}
	for _, d := range all {
		t.Run(d.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := bpf.OpenReader("x.bpf.o", bytes.NewReader(d.object))
			runtime.ReadMemStats(&after)
			if d.want == "" && err != nil || d.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "open object x.bpf.o: "+d.want)) {
				t.Errorf("got %v, want %s", err, d.want)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 32<<20 {
				t.Errorf("it took %d bytes", allocated)
			}
		})
	}
}
