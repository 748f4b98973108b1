package rawbtf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Index is BTF in which a few of many types are looked up: the kernel's has more than a hundred thousand, of which a program needs some ten. The
// types stay where they lie.
type Index struct {
	types, strings []byte
	first          uint32   // ID of the first type
	count          uint32   // of types
	base           *Index   // of split BTF, which a module's is; or nil
	marks          []uint32 // where every markEvery-th type lies
}

// markEvery has the marks of the kernel take some 40 kB.
const markEvery = 16

// maxIndexed bounds what is read: the BTF of kernels is less than 10 MB large.
const maxIndexed = 256 << 20

const magic = 0xeb9f // BTF_MAGIC

// NewIndex checks that data is BTF of this machine's byte order. What it says of its types is believed where it is read. base is what split BTF
// continues, or nil.
func NewIndex(data []byte, base *Index) (*Index, error) {
	if len(data) > maxIndexed {
		return nil, errors.New("it is too large")
	}
	types, strings, err := sections(data)
	if err != nil {
		return nil, err
	}
	if binary.NativeEndian.Uint16(data) != magic || data[2] != 1 {
		return nil, errors.New("it is no BTF of this machine")
	}
	x := &Index{types: types, strings: strings, first: 1, base: base, marks: make([]uint32, 0, len(types)/(2*TypeSize*markEvery)+1)}
	if base != nil {
		x.first = base.first + base.count
	}
	for at := 0; at < len(types); x.count++ {
		if x.count%markEvery == 0 {
			x.marks = append(x.marks, uint32(at))
		}
		size := 0
		if len(types)-at >= TypeSize {
			size = sizeOf(types[at:])
		}
		if size == 0 || size > len(types)-at {
			return nil, fmt.Errorf("type %d is cut short, or of an unknown kind", x.first+x.count)
		}
		at += size
	}
	return x, nil
}

// at returns the type with a number, a struct btf_type with what follows it, or nil.
func (x *Index) at(id uint32) []byte {
	if id < x.first {
		if x.base == nil {
			return nil
		}
		return x.base.at(id)
	}
	id -= x.first
	if id >= x.count {
		return nil
	}
	t := x.types[x.marks[id/markEvery]:]
	for range id % markEvery {
		t = t[sizeOf(t):]
	}
	return t[:sizeOf(t)]
}

// name returns the string at a place, without copying it; nil where there is none.
func (x *Index) name(at uint32) []byte {
	if x.base != nil {
		n := uint32(len(x.base.strings))
		if at < n {
			return x.base.name(at)
		}
		at -= n
	}
	if uint64(at) >= uint64(len(x.strings)) {
		return nil
	}
	name := x.strings[at:]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		return name[:end]
	}
	return nil
}

// Match is a type that was found by its name.
type Match struct {
	ID   uint32
	Kind uint32
	// Flavoured is true where the name goes on with ___ and something that CO-RE does not look at.
	Flavoured bool
}

// Find returns the types with each of names, whatever their flavours, in the order of their numbers. Types of the base are not among them.
func (x *Index) Find(names []string) map[string][]Match {
	found := make(map[string][]Match, len(names))
	var filter beginnings
	for _, name := range names {
		if name != "" {
			found[name] = nil
			filter.add(name)
		}
	}
	low := uint32(0) // strings before are the base's
	if x.base != nil {
		low = uint32(len(x.base.strings))
	}
	id := x.first
	for types := x.types; len(types) >= TypeSize; id++ {
		at := NameOf(types)
		if at != 0 && (at < low || filter.has(x.strings, at-low)) {
			name := x.name(at)
			essential := Essential(name)
			if matches, ok := found[string(essential)]; ok {
				found[string(essential)] = append(matches, Match{ID: id, Kind: KindOf(types), Flavoured: len(essential) < len(name)})
			}
			if len(essential) < len(name) {
				// What looks like a flavour may belong to the name, of a function for one.
				if matches, ok := found[string(name)]; ok {
					found[string(name)] = append(matches, Match{ID: id, Kind: KindOf(types)})
				}
			}
		}
		types = types[sizeOf(types):]
	}
	return found
}

// flavour is what in a name begins what is not looked at.
var flavour = []byte("___")

// Essential returns name without its flavour (bpf_core_essential_name_len in libbpf).
func Essential(name []byte) []byte {
	if at := bytes.LastIndex(name, flavour); at > 0 {
		return name[:at]
	}
	return name
}

// beginnings is a filter of names by their first four bytes. It lets all pass that were added, with flavours too, and few others.
type beginnings [16]uint64

func (f *beginnings) add(name string) {
	for _, after := range []string{"\x00\x00\x00\x00", "___"} {
		b := []byte(name + after)
		f.set(binary.LittleEndian.Uint32(b))
	}
}

// bit returns the place of a beginning.
func bit(beginning uint32) (word uint32, mask uint64) {
	h := beginning * 0x9e3779b1 >> 22
	return h >> 6, 1 << (h & 63)
}

func (f *beginnings) set(beginning uint32) {
	word, mask := bit(beginning)
	f[word] |= mask
}

// has reports whether the string at at may be one that was added.
func (f *beginnings) has(strings []byte, at uint32) bool {
	if uint64(at)+4 > uint64(len(strings)) {
		return true
	}
	v := binary.LittleEndian.Uint32(strings[at:])
	if zero := (v - 0x01010101) &^ v & 0x80808080; zero != 0 {
		v &= 1<<(bits.TrailingZeros32(zero)&^7) - 1 // what follows the end is another string
	}
	word, mask := bit(v)
	return f[word]&mask != 0
}
