package cdecl

import "github.com/cilium/ebpf/btf"

// record is the body of a struct or a union.
type record struct {
	union   bool
	size    uint32    // of the base, in bytes
	members []*member // of the base, where it has them
	extras  []*member // what other kernels have beside them, at offset 0

	layout *layout // nil until it is asked for
}

// member is one member of a record.
type member struct {
	name   string // "" for a struct or union whose members count as the record's own
	typ    btf.Type
	offset uint32  // in bits
	bits   uint32  // width of a bit field, 0 for any other member
	inner  *record // the anonymous struct or union that typ spells out, nil for any other
	packed bool    // an extra that must not raise its record's alignment
}

// newRecord returns the body of the struct or union base. Members that only others
// have become extras.
func newRecord(base btf.Type, others []btf.Type) *record {
	r := &record{size: sizeOf(base)}
	_, r.union = base.(*btf.Union)
	for _, m := range membersOf(base) {
		if m.Name == "" || isIdentifier(m.Name) {
			r.members = append(r.members, newMember(m))
		}
	}

	names := make(map[string]*member)
	r.collect(names)
	inner := make(map[*member][]btf.Type)
	for _, other := range others {
		r.overlay(other, names, inner)
	}
	// Both have the member and spell out its type: merge these too.
	for m, types := range inner {
		m.inner = newRecord(anonymous(m.typ), types)
	}
	return r
}

func newMember(m btf.Member) *member {
	out := &member{name: m.Name, typ: m.Type, offset: uint32(m.Offset), bits: uint32(m.BitfieldSize)}
	if typ := spelledOut(m); typ != nil {
		out.inner = newRecord(typ, nil)
	}
	return out
}

// spelledOut returns the struct or union that m's declaration holds in full.
func spelledOut(m btf.Member) btf.Type {
	if m.Name != "" {
		return anonymous(m.Type)
	}
	// "struct tag;" declares nothing in standard C, clang drops it. It comes from
	// kernels built with -fms-extensions, 6.19 and later, and means the members.
	if typ := unqualified(m.Type); isRecord(typ) {
		return typ
	}
	return nil
}

// collect adds the members that a program can name in r, those of anonymous
// members included.
func (r *record) collect(names map[string]*member) {
	for _, m := range r.members {
		if m.name != "" {
			names[m.name] = m
		} else if m.inner != nil {
			m.inner.collect(names)
		}
	}
}

// overlay adds the members of other that names does not have as extras, and to
// inner the types of those that both spell out.
func (r *record) overlay(other btf.Type, names map[string]*member, inner map[*member][]btf.Type) {
	for _, m := range membersOf(other) {
		typ := spelledOut(m)
		switch have := names[m.Name]; {
		case m.Name == "":
			if typ != nil {
				r.overlay(typ, names, inner)
			}
		case !isIdentifier(m.Name):
		case have == nil:
			extra := newMember(m)
			extra.offset = 0
			names[m.Name] = extra
			r.extras = append(r.extras, extra)
		case typ != nil && have.inner != nil:
			inner[have] = append(inner[have], typ)
		}
	}
}
