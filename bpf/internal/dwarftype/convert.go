package dwarftype

import (
	"debug/dwarf"
	"fmt"
	"slices"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// converter appends types of DWARF to BTF. What pointers point to is left out: no record holds it.
type converter struct {
	*debug
	to      *rawbtf.Extension
	numbers map[dwarf.Offset]uint32
	depth   int
}

// Kinds of numbers (DW_ATE_* of DWARF).
const (
	dwarfBool         = 0x02
	dwarfFloat        = 0x04
	dwarfSigned       = 0x05
	dwarfSignedChar   = 0x06
	dwarfUnsigned     = 0x07
	dwarfUnsignedChar = 0x08
	dwarfUTF          = 0x10
)

// Bits of struct btf_type's info, and of what follows an integer.
const (
	kindFlag = 1 << 31 // bit fields in a struct, or an enum with a sign
	maxCount = 0xffff  // members

	intSigned = 1 << 24
	intBool   = 4 << 24
)

// record appends a record's type and returns its number. A struct that BTF has is taken.
func (c *converter) record(r record) (uint32, error) {
	if r.typedef != 0 {
		return c.convert(r.typedef)
	}
	return c.convert(r.at)
}

func (c *converter) convert(at dwarf.Offset) (uint32, error) {
	if number, ok := c.numbers[at]; ok {
		return number, nil
	}
	if c.depth >= maxDepth {
		return 0, fmt.Errorf("types nest deeper than %d", maxDepth)
	}
	c.depth++
	defer func() { c.depth-- }()
	e := c.entry(at)
	if e == nil {
		return 0, fmt.Errorf("no type at %#x of the debug information", at)
	}
	number, err := c.convertEntry(e)
	if err == nil {
		c.numbers[at] = number
	}
	return number, err
}

func (c *converter) convertEntry(e *dwarf.Entry) (uint32, error) {
	name, _ := e.Val(dwarf.AttrName).(string)
	size, _ := e.Val(dwarf.AttrByteSize).(int64)
	modifiers := map[dwarf.Tag]uint32{
		dwarf.TagTypedef: rawbtf.Typedef, dwarf.TagConstType: rawbtf.Const,
		dwarf.TagVolatileType: rawbtf.Volatile, dwarf.TagRestrictType: rawbtf.Restrict,
	}
	switch kind, isModifier := modifiers[e.Tag]; {
	case isModifier:
		target, err := c.target(e)
		if err != nil {
			return 0, err
		}
		if kind != rawbtf.Typedef {
			name = ""
		}
		return c.to.Add(name, kind, 0, target), nil
	case e.Tag == dwarf.TagBaseType:
		return c.number(e, name, size)
	case e.Tag == dwarf.TagPointerType:
		return c.to.Add("", rawbtf.Pointer, 0, 0), nil
	case e.Tag == dwarf.TagStructType, e.Tag == dwarf.TagUnionType:
		return c.structure(e, name, size)
	case e.Tag == dwarf.TagEnumerationType:
		return c.enumeration(e, name, size)
	case e.Tag == dwarf.TagArrayType:
		return c.array(e)
	}
	return 0, fmt.Errorf("BTF has no %s", e.Tag)
}

// target converts the type that e is of; that of none is void.
func (c *converter) target(e *dwarf.Entry) (uint32, error) {
	at, ok := e.Val(dwarf.AttrType).(dwarf.Offset)
	if !ok {
		return 0, nil
	}
	return c.convert(at)
}

func (c *converter) number(e *dwarf.Entry, name string, size int64) (uint32, error) {
	encoding, _ := e.Val(dwarf.AttrEncoding).(int64)
	var bits uint32
	switch encoding {
	case dwarfFloat:
		return c.to.Add(name, rawbtf.Float, 0, uint32(size)), nil
	case dwarfSigned, dwarfSignedChar:
		bits = intSigned
	case dwarfBool:
		bits = intBool
	case dwarfUnsigned, dwarfUnsignedChar, dwarfUTF:
	default:
		return 0, fmt.Errorf("BTF has no %s", name)
	}
	if size < 1 || size > 16 {
		return 0, fmt.Errorf("%s has %d bytes", name, size)
	}
	return c.to.Add(name, rawbtf.Int, 0, uint32(size), bits|uint32(size*8)), nil
}

func (c *converter) structure(e *dwarf.Entry, name string, size int64) (uint32, error) {
	kind := uint32(rawbtf.Struct)
	if e.Tag == dwarf.TagUnionType {
		kind = rawbtf.Union
	}
	if name != "" {
		if number := c.existing(kind, name, size); number != 0 {
			return number, nil
		}
	}
	var members []member
	var failure error
	c.members(e, func(entry *dwarf.Entry) {
		m, err := c.member(entry)
		if err != nil && failure == nil {
			failure = err
		}
		members = append(members, m)
	})
	if failure != nil {
		return 0, failure
	}
	if len(members) > maxCount || size < 0 || size > 1<<30 {
		return 0, fmt.Errorf("struct %s is too large", name)
	}
	info := uint32(len(members))
	if slices.ContainsFunc(members, func(m member) bool { return m.bits != 0 }) {
		info |= kindFlag
	}
	var tail []uint32
	for _, m := range members {
		at := m.at
		if info&kindFlag != 0 {
			at |= m.bits << 24
		}
		tail = append(tail, c.to.Text(m.name), m.typ, at)
	}
	return c.to.Add(name, kind, info, uint32(size), tail...), nil
}

// existing returns the number of a struct or union that BTF has, or 0.
func (c *converter) existing(kind uint32, name string, size int64) uint32 {
	for number, raw := range c.to.At {
		if raw != nil && rawbtf.KindOf(raw) == kind && int64(rawbtf.TargetOf(raw)) == size && c.to.Name(rawbtf.NameOf(raw)) == name {
			return uint32(number)
		}
	}
	return 0
}

// member is one member of a struct or union.
type member struct {
	name     string
	typ      uint32
	at, bits uint32 // where it begins, in bits, and how many a bit field has
}

func (c *converter) member(e *dwarf.Entry) (m member, err error) {
	m.name, _ = e.Val(dwarf.AttrName).(string)
	if m.typ, err = c.target(e); err != nil {
		return m, err
	}
	at, _ := e.Val(dwarf.AttrDataMemberLoc).(int64)
	bits, _ := e.Val(dwarf.AttrBitSize).(int64)
	offset := at * 8
	if inBits, ok := e.Val(dwarf.AttrDataBitOffset).(int64); ok {
		offset = inBits
	} else if old, ok := e.Val(dwarf.AttrBitOffset).(int64); ok {
		// Before DWARF 4 bits were counted from the other end.
		size, ok := e.Val(dwarf.AttrByteSize).(int64)
		if t := c.underlying(e); !ok && t != nil {
			size, _ = t.Val(dwarf.AttrByteSize).(int64)
		}
		offset += size*8 - old - bits
	}
	if offset < 0 || offset >= 1<<32 || bits < 0 || bits > 0xff || bits > 0 && offset >= 1<<24 {
		return m, fmt.Errorf("member %s does not lie in its struct", m.name)
	}
	m.at, m.bits = uint32(offset), uint32(bits)
	return m, nil
}

func (c *converter) enumeration(e *dwarf.Entry, name string, size int64) (uint32, error) {
	signed := false
	if t := c.underlying(e); t != nil {
		encoding, _ := t.Val(dwarf.AttrEncoding).(int64)
		signed = encoding == dwarfSigned || encoding == dwarfSignedChar
	}
	var tail []uint32
	count := 0
	r := c.data.Reader()
	r.Seek(e.Offset)
	if _, err := r.Next(); err != nil {
		return 0, err
	}
	for e.Children {
		m, err := r.Next()
		if err != nil {
			return 0, err
		}
		if m == nil || m.Tag == 0 {
			break
		}
		text, _ := m.Val(dwarf.AttrName).(string)
		number, _ := m.Val(dwarf.AttrConstValue).(int64)
		count++
		tail = append(tail, c.to.Text(text), uint32(number))
		if size == 8 {
			tail = append(tail, uint32(uint64(number)>>32))
		}
	}
	if count > maxCount {
		return 0, fmt.Errorf("enum %s is too large", name)
	}
	info, kind := uint32(count), uint32(rawbtf.Enum)
	if signed {
		info |= kindFlag
	}
	if size == 8 {
		kind = rawbtf.Enum64
	}
	return c.to.Add(name, kind, info, uint32(size), tail...), nil
}

func (c *converter) array(e *dwarf.Entry) (uint32, error) {
	element, err := c.target(e)
	if err != nil {
		return 0, err
	}
	var counts []uint32
	r := c.data.Reader()
	r.Seek(e.Offset)
	if _, err := r.Next(); err != nil {
		return 0, err
	}
	for e.Children {
		m, err := r.Next()
		if err != nil {
			return 0, err
		}
		if m == nil || m.Tag == 0 {
			break
		}
		count, ok := m.Val(dwarf.AttrCount).(int64)
		if last, isLast := m.Val(dwarf.AttrUpperBound).(int64); !ok && isLast {
			count = last + 1
		}
		if count < 0 || count > 1<<31 {
			count = 0
		}
		counts = append(counts, uint32(count))
	}
	for _, count := range slices.Backward(counts) {
		element = c.to.Add("", rawbtf.Array, 0, 0, element, c.index(), count)
	}
	return element, nil
}

// index returns the type that arrays are indexed by.
func (c *converter) index() uint32 {
	const index = ^dwarf.Offset(0) // where no type can be
	if number, ok := c.numbers[index]; ok {
		return number
	}
	c.numbers[index] = c.to.Add("__ARRAY_SIZE_TYPE__", rawbtf.Int, 0, 4, 32)
	return c.numbers[index]
}
