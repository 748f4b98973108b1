package dwarftype

import (
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// An object is not linked: all sections begin at 0. To tell them apart, each gets addresses of its own here.
const sectionShift = 32

func sectionBase(number int) uint64 { return uint64(number) << sectionShift }

// debug is the debug information of an object.
type debug struct {
	data    *dwarf.Data
	order   binary.ByteOrder
	loc     []byte // .debug_loc, before DWARF 5
	lists   []byte // .debug_loclists
	address []byte // .debug_addr
	units   []*unit
}

// unit is a compilation unit.
type unit struct {
	low         uint64
	addressBase int64
	listBase    int64
	version5    bool
	globals     []local
	functions   []*scope
}

// scope is a function or an inlined copy of one.
type scope struct {
	name   string
	ranges [][2]uint64
	locals []local
	inner  []*scope
}

// local is a variable or parameter in one place.
type local struct {
	typ    dwarf.Offset
	low    uint64 // where it is in that place, in addresses of sectionBase
	high   uint64
	place  []byte // a DWARF expression
	unit   *unit
	ranges [][2]uint64 // of the scope that declares it
}

// readDebug returns the debug information, or nil where there is none.
func (p *program) readDebug() (*debug, error) {
	sections := make(map[string][]byte)
	for i, s := range p.file.Sections {
		if len(s.Name) < 7 || s.Name[:7] != ".debug_" || s.Type != elf.SHT_PROGBITS {
			continue
		}
		b, err := p.relocated(i, s)
		if err != nil {
			return nil, err
		}
		sections[s.Name] = b
	}
	if len(sections[".debug_info"]) == 0 {
		return nil, nil
	}
	// Before debug/dwarf knows where the offsets begin it takes the header for some of them, those of the unit's own name, which nobody needs. In the
	// other byte order these lie beyond the text.
	const header = 8
	clear(sections[".debug_str_offsets"][:min(header, len(sections[".debug_str_offsets"]))])
	d := &debug{order: p.debugOrder(), loc: sections[".debug_loc"], lists: sections[".debug_loclists"], address: sections[".debug_addr"]}
	var err error
	d.data, err = dwarf.New(sections[".debug_abbrev"], nil, nil, sections[".debug_info"],
		sections[".debug_line"], nil, sections[".debug_ranges"], sections[".debug_str"])
	if err != nil {
		return nil, err
	}
	for _, name := range []string{".debug_addr", ".debug_line_str", ".debug_str_offsets", ".debug_rnglists", ".debug_loclists"} {
		if b := sections[name]; b != nil {
			if err := d.data.AddSection(name, b); err != nil {
				return nil, err
			}
		}
	}
	return d, d.readUnits()
}

// relocated returns a section of debug information with its relocations done, which debug/elf does not do for eBPF.
func (p *program) relocated(number int, s *elf.Section) ([]byte, error) {
	const absolute64, absolute32, noDynamic32 = 2, 3, 4 // R_BPF_64_ABS64, _ABS32, _NODYLD32
	data, err := p.contents(s)
	if err != nil {
		return nil, err
	}
	b := append([]byte(nil), data...)
	order := p.debugOrder()
	err = p.relocations(number, func(at uint64, kind uint32, symbol elf.Symbol) {
		base := symbol.Value
		if int(symbol.Section) < len(p.file.Sections) && p.file.Sections[symbol.Section].Flags&elf.SHF_ALLOC != 0 {
			base += sectionBase(int(symbol.Section))
		}
		size := uint64(len(b))
		switch {
		case kind == absolute64 && size >= 8 && at <= size-8:
			order.PutUint64(b[at:], order.Uint64(b[at:])+base)
		case (kind == absolute32 || kind == noDynamic32) && size >= 4 && at <= size-4:
			order.PutUint32(b[at:], order.Uint32(b[at:])+uint32(base))
		}
	})
	return b, err
}

// debugOrder returns the byte order of the debug information, which that of the file says nothing about where it was turned around: see package foreign. The
// version of the first unit tells it, a small number.
func (p *program) debugOrder() binary.ByteOrder {
	const versionAt, shortest = 4, 11
	info := p.file.Section(".debug_info")
	if info == nil || info.Type == elf.SHT_NOBITS {
		return p.file.ByteOrder
	}
	data, err := p.contents(info)
	if err != nil || len(data) < shortest {
		return p.file.ByteOrder
	}
	if binary.BigEndian.Uint16(data[versionAt:]) < 256 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Attributes that debug/dwarf has no names for, or that are of sorts of their own.
const (
	attrAddressBase = dwarf.AttrAddrBase
	attrListBase    = dwarf.AttrLoclistsBase
)

func (d *debug) readUnits() error {
	r := d.data.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			return err
		}
		if e == nil {
			return nil
		}
		if e.Tag != dwarf.TagCompileUnit {
			r.SkipChildren()
			continue
		}
		u := &unit{}
		u.low, _ = e.Val(dwarf.AttrLowpc).(uint64)
		u.addressBase, _ = e.Val(attrAddressBase).(int64)
		u.listBase, u.version5 = e.Val(attrListBase).(int64)
		d.units = append(d.units, u)
		if !e.Children {
			continue
		}
		top := &scope{}
		if err := d.readScope(r, u, top, nil, 0); err != nil {
			return err
		}
		u.globals, u.functions = top.locals, top.inner
	}
}

// maxDepth bounds how deep scopes may nest.
const maxDepth = 200

// readScope reads the children of an entry into s, a function or an inlined copy of one. ranges are those of the innermost block.
func (d *debug) readScope(r *dwarf.Reader, u *unit, s *scope, ranges [][2]uint64, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("scopes nest deeper than %d", maxDepth)
	}
	for {
		e, err := r.Next()
		if err != nil {
			return err
		}
		if e == nil || e.Tag == 0 {
			return nil
		}
		inner, innerRanges := s, ranges
		switch e.Tag {
		case dwarf.TagSubprogram, dwarf.TagInlinedSubroutine:
			inner = &scope{name: d.nameOf(e)}
			inner.ranges, _ = d.data.Ranges(e) // none where it is damaged
			innerRanges = inner.ranges
			s.inner = append(s.inner, inner)
		case dwarf.TagLexDwarfBlock:
			if own, err := d.data.Ranges(e); err == nil && len(own) > 0 {
				innerRanges = own
			}
		case dwarf.TagVariable, dwarf.TagFormalParameter:
			s.locals = append(s.locals, d.locals(e, u, ranges)...)
			r.SkipChildren()
			continue
		default:
			r.SkipChildren()
			continue
		}
		if e.Children {
			if err := d.readScope(r, u, inner, innerRanges, depth+1); err != nil {
				return err
			}
		}
	}
}

// entry returns the entry at an offset, or nil.
func (d *debug) entry(at dwarf.Offset) *dwarf.Entry {
	r := d.data.Reader()
	r.Seek(at)
	e, err := r.Next()
	if err != nil {
		return nil
	}
	return e
}

// inherited returns an attribute of an entry, or of that which it is a copy of.
func (d *debug) inherited(e *dwarf.Entry, a dwarf.Attr) any {
	for range 4 {
		if v := e.Val(a); v != nil {
			return v
		}
		from, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if !ok {
			if from, ok = e.Val(dwarf.AttrSpecification).(dwarf.Offset); !ok {
				return nil
			}
		}
		if e = d.entry(from); e == nil {
			return nil
		}
	}
	return nil
}

func (d *debug) nameOf(e *dwarf.Entry) string {
	name, _ := d.inherited(e, dwarf.AttrName).(string)
	return name
}

// locals returns the places of a variable.
func (d *debug) locals(e *dwarf.Entry, u *unit, ranges [][2]uint64) []local {
	typ, ok := d.inherited(e, dwarf.AttrType).(dwarf.Offset)
	if !ok {
		return nil
	}
	field := e.AttrField(dwarf.AttrLocation)
	if field == nil {
		return nil
	}
	switch where := field.Val.(type) {
	case []byte:
		l := local{typ: typ, high: ^uint64(0), place: where, unit: u, ranges: ranges}
		return []local{l}
	case int64:
		var all []local
		yield := func(low, high uint64, place []byte) {
			all = append(all, local{typ: typ, low: low, high: high, place: place, unit: u, ranges: ranges})
		}
		if u.version5 {
			d.readList(u, where, field.Class == dwarf.ClassLocList, yield)
		} else {
			d.readOldList(u, where, yield)
		}
		return all
	case uint64: // an index, of DW_FORM_loclistx
		var all []local
		d.readList(u, int64(where), true, func(low, high uint64, place []byte) {
			all = append(all, local{typ: typ, low: low, high: high, place: place, unit: u, ranges: ranges})
		})
		return all
	}
	return nil
}

// flatten adds the variables of s and of what is inlined into it to all.
func (s *scope) flatten(all []local) []local {
	all = append(all, s.locals...)
	for _, inner := range s.inner {
		all = inner.flatten(all)
	}
	return all
}

// innermost returns the name of the function whose code stands at an address, be it inlined.
func (s *scope) innermost(at uint64) string {
	for _, inner := range s.inner {
		if within(inner.ranges, at) {
			return inner.innermost(at)
		}
	}
	return s.name
}

func within(ranges [][2]uint64, at uint64) bool {
	for _, r := range ranges {
		if at >= r[0] && at < r[1] {
			return true
		}
	}
	return false
}
