package dwarftype

import (
	"debug/dwarf"
	"slices"
)

// record is a struct or union that a record may be.
type record struct {
	at      dwarf.Offset // of its entry
	typedef dwarf.Offset // of the typedef that names it where it has no name; 0: none
	size    int64
	open    bool           // ends with an array, so that records may be longer
	leading []dwarf.Offset // entries of the structs and unions that it begins with, from the outside in
}

// maxSteps bounds how many typedefs and qualifiers are looked through.
const maxSteps = 32

// recordOf returns the struct or union that a type is, or points to.
func (d *debug) recordOf(typ dwarf.Offset) (r record, isPointer, ok bool) {
	var typedef dwarf.Offset
	for range maxSteps {
		e := d.entry(typ)
		if e == nil {
			return r, isPointer, false
		}
		target, hasTarget := e.Val(dwarf.AttrType).(dwarf.Offset)
		switch e.Tag {
		case dwarf.TagStructType, dwarf.TagUnionType:
			r, ok = d.newRecord(e, typedef)
			return r, isPointer, ok
		case dwarf.TagPointerType:
			if isPointer {
				return r, true, false
			}
			isPointer, typedef = true, 0
		case dwarf.TagTypedef:
			typedef = e.Offset
		case dwarf.TagArrayType:
			typedef = 0
		case dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
		default:
			return r, isPointer, false
		}
		if !hasTarget {
			return r, isPointer, false
		}
		typ = target
	}
	return r, isPointer, false
}

func (d *debug) newRecord(e *dwarf.Entry, typedef dwarf.Offset) (r record, ok bool) {
	size, _ := e.Val(dwarf.AttrByteSize).(int64)
	if declared, _ := e.Val(dwarf.AttrDeclaration).(bool); declared || size <= 0 {
		return r, false
	}
	r = record{at: e.Offset, size: size}
	if name, _ := e.Val(dwarf.AttrName).(string); name == "" {
		r.typedef = typedef
	}
	for range maxSteps {
		first, last := d.ends(e)
		if len(r.leading) == 0 && last != nil {
			r.open = d.isArray(last)
		}
		if first == nil || e.Tag == dwarf.TagUnionType {
			break
		}
		inner := d.underlying(first)
		if inner == nil || inner.Tag != dwarf.TagStructType && inner.Tag != dwarf.TagUnionType {
			break
		}
		r.leading = append(r.leading, inner.Offset)
		e = inner
	}
	return r, true
}

// ends returns the entries of the first and the last member of a struct, or nil.
func (d *debug) ends(e *dwarf.Entry) (first, last *dwarf.Entry) {
	d.members(e, func(m *dwarf.Entry) {
		if first == nil {
			first = m
		}
		last = m
	})
	return first, last
}

// members calls yield with the entry of each member of a struct or union.
func (d *debug) members(e *dwarf.Entry, yield func(*dwarf.Entry)) {
	if !e.Children {
		return
	}
	r := d.data.Reader()
	r.Seek(e.Offset)
	if _, err := r.Next(); err != nil {
		return
	}
	for {
		m, err := r.Next()
		if err != nil || m == nil || m.Tag == 0 {
			return
		}
		if m.Tag == dwarf.TagMember {
			yield(m)
		}
		r.SkipChildren()
	}
}

// underlying returns the type of an entry without typedefs and qualifiers, or nil.
func (d *debug) underlying(e *dwarf.Entry) *dwarf.Entry {
	for range maxSteps {
		target, ok := e.Val(dwarf.AttrType).(dwarf.Offset)
		if !ok {
			return nil
		}
		if e = d.entry(target); e == nil {
			return nil
		}
		switch e.Tag {
		case dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
		default:
			return e
		}
	}
	return nil
}

func (d *debug) isArray(member *dwarf.Entry) bool {
	t := d.underlying(member)
	return t != nil && t.Tag == dwarf.TagArrayType
}

// choose returns which of several structs records of a size are; a size of 0 is an unknown one. Variables that point to the beginning of a
// record often have the types of what it begins with, too: the struct that holds the others is the record.
func choose(all []record, size int64) (record, bool) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b record) int { return int(a.at) - int(b.at) })
	all = slices.CompactFunc(all, func(a, b record) bool { return a.at == b.at })
	if size > 0 {
		exact := slices.DeleteFunc(slices.Clone(all), func(r record) bool { return r.size != size })
		if r, ok := outermost(exact); ok || len(exact) > 0 {
			return r, ok
		}
	}
	r, ok := outermost(all)
	if !ok || size > r.size && !r.open {
		return r, false
	}
	return r, true
}

// outermost returns the one that begins with all the others.
func outermost(all []record) (record, bool) {
	for _, r := range all {
		holds := func(other record) bool { return other.at == r.at || slices.Contains(r.leading, other.at) }
		if !slices.ContainsFunc(all, func(other record) bool { return !holds(other) }) {
			return r, true
		}
	}
	return record{}, false
}
