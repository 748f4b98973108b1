package settle

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
)

// sortTail orders the types at the end of the BTF in types, and has types and ext, an object's .BTF and .BTF.ext,
// refer to their new places. At the end are the forward declarations and type tags that clang enters once all else is
// known. Clang up to 15 has them by name; later ones keep them in a table by address (LLVM's
// BTFDebug::FixupDerivedTypes), so that their order depends on what else was in memory. Here they come in the order in which
// the other types refer to them, and their names by the alphabet. Both sections keep their size. BTF that is not understood stays as it is.
func sortTail(order binary.ByteOrder, types, ext []byte) {
	b := &btfFile{order: order, types: types, ext: ext}
	if !b.readTypes() || !b.readExt() || len(b.tail) < 2 {
		return
	}
	names, ok := b.names()
	if !ok {
		return
	}
	moved := b.moveStrings(names)
	b.moveTail(b.tailOrder())
	for _, ref := range b.strings {
		if to, ok := moved[ref.get(order)]; ok {
			ref.set(order, to)
		}
	}
}

// btfFile is BTF as include/uapi/linux/btf.h describes it, as far as it was read.
type btfFile struct {
	order      binary.ByteOrder
	types, ext []byte

	stringsAt uint32 // where strings begin in types
	stringEnd uint32
	tail      []int  // where the forward declarations and type tags at the end are in types
	firstID   uint32 // of those
	typeRefs  []ref  // of all other types, and of ext
	strings   []ref
}

// ref is 4 bytes that name a type by number or a string by offset.
type ref []byte

func (r ref) get(order binary.ByteOrder) uint32    { return order.Uint32(r) }
func (r ref) set(order binary.ByteOrder, v uint32) { order.PutUint32(r, v) }

// Kinds of types.
const (
	kindInt       = 1
	kindPointer   = 2
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindForward   = 7
	kindTypedef   = 8
	kindRestrict  = 11
	kindFunc      = 12
	kindFuncProto = 13
	kindVar       = 14
	kindDatasec   = 15
	kindFloat     = 16
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

const (
	btfMagic      = 0xeb9f
	btfHeaderSize = 24
	typeSize      = 12
)

// extra describes what follows a type: fixed bytes, and bytes for each of its members; and where in those are references.
type extra struct {
	fixed, each   int
	types, string []int
	refersToType  bool // the type's own size is a type's number
}

var extras = map[uint32]extra{
	kindInt:       {fixed: 4},
	kindPointer:   {refersToType: true},
	kindArray:     {fixed: 12, types: []int{0, 4}},
	kindStruct:    {each: 12, string: []int{0}, types: []int{4}},
	kindUnion:     {each: 12, string: []int{0}, types: []int{4}},
	kindEnum:      {each: 8, string: []int{0}},
	kindForward:   {},
	kindTypedef:   {refersToType: true},
	9:             {refersToType: true}, // volatile
	10:            {refersToType: true}, // const
	kindRestrict:  {refersToType: true},
	kindFunc:      {refersToType: true},
	kindFuncProto: {refersToType: true, each: 8, string: []int{0}, types: []int{4}},
	kindVar:       {refersToType: true, fixed: 4},
	kindDatasec:   {each: 12, types: []int{0}},
	kindFloat:     {},
	kindDeclTag:   {refersToType: true, fixed: 4},
	kindTypeTag:   {refersToType: true},
	kindEnum64:    {each: 12, string: []int{0}},
}

func (b *btfFile) readTypes() bool {
	if len(b.types) < btfHeaderSize || b.order.Uint16(b.types) != btfMagic {
		return false
	}
	word := func(at int) uint64 { return uint64(b.order.Uint32(b.types[at:])) }
	header := word(4)
	from, end := header+word(8), header+word(8)+word(12)
	strings, stringEnd := header+word(16), header+word(16)+word(20)
	if end > uint64(len(b.types)) || stringEnd > uint64(len(b.types)) {
		return false
	}
	b.stringsAt, b.stringEnd = uint32(strings), uint32(stringEnd)
	id := uint32(0)
	for at := int(from); at < int(end); {
		if at+typeSize > int(end) {
			return false
		}
		id++
		info := b.order.Uint32(b.types[at+4:])
		kind := info >> 24 & 0x1f
		x, known := extras[kind]
		members := 1 // or what is there once
		if x.each > 0 {
			members = int(info & 0xffff)
		}
		next := at + typeSize + x.fixed + members*x.each
		if !known || next > int(end) {
			return false
		}
		if kind != kindForward && kind != kindTypeTag {
			b.typeRefs = append(b.typeRefs, b.tailRefs()...) // it was none
			b.tail = nil
		} else if b.tail = append(b.tail, at); len(b.tail) == 1 {
			b.firstID = id
		}
		b.strings = append(b.strings, b.types[at:at+4])
		if x.refersToType && kind != kindTypeTag {
			b.typeRefs = append(b.typeRefs, b.types[at+8:at+12])
		}
		for member := range members {
			base := at + typeSize + member*x.each
			for _, off := range x.types {
				b.typeRefs = append(b.typeRefs, b.types[base+off:base+off+4])
			}
			for _, off := range x.string {
				b.strings = append(b.strings, b.types[base+off:base+off+4])
			}
		}
		at = next
	}
	return true
}

// readExt reads .BTF.ext, which may be missing.
func (b *btfFile) readExt() bool {
	if len(b.ext) == 0 {
		return true
	}
	if len(b.ext) < btfHeaderSize || b.order.Uint16(b.ext) != btfMagic {
		return false
	}
	header := int(b.order.Uint32(b.ext[4:]))
	// Function, line and CO-RE information, and where each record refers to types and strings.
	for i, record := range []extra{
		{each: 8, types: []int{4}},
		{each: 16, string: []int{4, 8}},
		{each: 16, types: []int{4}, string: []int{8}},
	} {
		at := 8 + 8*i
		if at+8 > header || at+8 > len(b.ext) {
			break
		}
		from := header + int(b.order.Uint32(b.ext[at:]))
		end := from + int(b.order.Uint32(b.ext[at+4:]))
		if end > len(b.ext) || !b.readRecords(b.ext[min(from, end):end], record) {
			return false
		}
	}
	return true
}

// readRecords reads one part of .BTF.ext: the size of a record, then for each section its name and records.
func (b *btfFile) readRecords(part []byte, x extra) bool {
	if len(part) == 0 {
		return true
	}
	if len(part) < 4 || int(b.order.Uint32(part)) < x.each {
		return false
	}
	size := int(b.order.Uint32(part))
	for part = part[4:]; len(part) > 0; {
		if len(part) < 8 {
			return false
		}
		b.strings = append(b.strings, ref(part[:4]))
		count := int(b.order.Uint32(part[4:]))
		part = part[8:]
		if count > len(part)/size {
			return false
		}
		for range count {
			for _, off := range x.types {
				b.typeRefs = append(b.typeRefs, ref(part[off:off+4]))
			}
			for _, off := range x.string {
				b.strings = append(b.strings, ref(part[off:off+4]))
			}
			part = part[size:]
		}
	}
	return true
}

// kind returns the kind of the type at a place in types.
func (b *btfFile) kind(at int) uint32 { return b.order.Uint32(b.types[at+4:]) >> 24 & 0x1f }

// target returns the number of the type that the type tag at a place in types is put to.
func (b *btfFile) target(at int) ref { return b.types[at+8 : at+12] }

// tailRefs returns what the type tags of the tail refer to.
func (b *btfFile) tailRefs() []ref {
	var refs []ref
	for _, at := range b.tail {
		if b.kind(at) == kindTypeTag {
			refs = append(refs, b.target(at))
		}
	}
	return refs
}

func (b *btfFile) nameOff(i int) uint32 { return b.order.Uint32(b.types[b.tail[i]:]) }

// names returns the names in the tail.
func (b *btfFile) names() (names []string, ok bool) {
	strings := b.types[b.stringsAt:b.stringEnd]
	for i := range b.tail {
		off := b.nameOff(i)
		if uint64(off) >= uint64(len(strings)) {
			return nil, false
		}
		name, _, terminated := bytes.Cut(strings[off:], []byte{0})
		if !terminated {
			return nil, false
		}
		names = append(names, string(name))
	}
	return names, true
}

// moveStrings orders those names of the tail that stand in a row in the table of strings, as
// they were entered together in the order of their owners. It returns where each went.
func (b *btfFile) moveStrings(names []string) (moved map[uint32]uint32) {
	at := make(map[uint32]string)
	for i, name := range names {
		at[b.nameOff(i)] = name
	}
	offsets := slices.Sorted(maps.Keys(at))
	// What was in the table before for another reason has its place further ahead.
	first := len(offsets) - 1
	for first > 0 && offsets[first-1]+uint32(len(at[offsets[first-1]]))+1 == offsets[first] {
		first--
	}
	row := offsets[first:]
	to := row[0]
	slices.SortFunc(row, func(i, j uint32) int { return cmp.Compare(at[i], at[j]) })
	moved = make(map[uint32]uint32)
	for _, from := range row {
		moved[from] = to
		to += uint32(copy(b.types[b.stringsAt+to:], at[from]+"\x00"))
	}
	return moved
}

// tailOrder returns the places in the tail in the order in which they are to be.
func (b *btfFile) tailOrder() []int {
	var sorted []int
	placed := make([]bool, len(b.tail))
	place := func(id uint32) {
		for id >= b.firstID && id < b.firstID+uint32(len(b.tail)) && !placed[id-b.firstID] {
			i := int(id - b.firstID)
			placed[i] = true
			sorted = append(sorted, i)
			if b.kind(b.tail[i]) != kindTypeTag {
				return
			}
			id = b.target(b.tail[i]).get(b.order)
		}
	}
	for _, ref := range b.typeRefs {
		place(ref.get(b.order))
	}
	for i := range b.tail {
		place(b.firstID + uint32(i))
	}
	return sorted
}

// moveTail puts the types of the tail into their new places.
func (b *btfFile) moveTail(sorted []int) {
	old := make([][]byte, len(sorted))
	for i, at := range b.tail {
		old[i] = bytes.Clone(b.types[at : at+typeSize])
	}
	ids := make(map[uint32]uint32)
	for to, from := range sorted {
		copy(b.types[b.tail[to]:], old[from])
		ids[b.firstID+uint32(from)] = b.firstID + uint32(to)
	}
	for _, ref := range slices.Concat(b.typeRefs, b.tailRefs()) {
		if id, ok := ids[ref.get(b.order)]; ok {
			ref.set(b.order, id)
		}
	}
}
