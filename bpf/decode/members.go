package decode

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf/btf"
)

// composite lists the members of the struct or union typ.
func (b *builder) composite(typ *Type, members []btf.Member, depth int) error {
	if typ.Size > maxSize {
		return fmt.Errorf("%s has %d bytes, more than %d", typ.Name, typ.Size, maxSize)
	}
	l := memberList{builder: b, typ: typ, names: make(map[string]bool)}
	if err := l.add(members, span{kind: typ.Kind, size: 8 * typ.Size, last: true}, depth); err != nil {
		return err
	}
	for i := range typ.Fields {
		f := &typ.Fields[i]
		typ.values += f.Type.values
		typ.open = typ.open || f.open
	}
	return nil
}

// memberList gathers the fields of one type.
type memberList struct {
	*builder
	typ   *Type
	names map[string]bool
}

// span is the part of the outer type, in bits, that a list of members describes: all
// of it, or that of an anonymous member.
type span struct {
	kind   Kind // Struct or Union
	offset int
	size   int
	last   bool // nothing of the outer type comes behind, save where it is a union
}

func (l *memberList) add(members []btf.Member, s span, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("anonymous members are nested more than %d deep", maxDepth)
	}
	if l.members += len(members); l.members > maxMembers {
		return fmt.Errorf("more than %d members", maxMembers)
	}
	for i := range members {
		m := &members[i]
		last := s.last && (s.kind == Union || i == len(members)-1)
		if m.Name == "" {
			if err := l.anonymous(m, s, last, depth); err != nil {
				return err
			}
			continue
		}
		if !isIdentifier(m.Name) {
			return fmt.Errorf("member %q is no identifier", m.Name)
		}
		if err := l.field(m, s, last, depth); err != nil {
			return fmt.Errorf("member %s: %w", m.Name, err)
		}
	}
	return nil
}

// anonymous adds the members of the struct or union m. Other members without
// a name are padding.
func (l *memberList) anonymous(m *btf.Member, s span, last bool, depth int) error {
	base, err := resolve(m.Type)
	if err != nil {
		return fmt.Errorf("anonymous member: %w", err)
	}
	inner := span{offset: s.offset + int(m.Offset), last: last}
	var members []btf.Member
	switch t := base.(type) {
	case *btf.Struct:
		inner.kind, inner.size, members = Struct, 8*int(t.Size), t.Members
	case *btf.Union:
		inner.kind, inner.size, members = Union, 8*int(t.Size), t.Members
	default:
		return nil
	}
	if int(m.Offset)+inner.size > s.size {
		return fmt.Errorf("anonymous member: %w", errOutside)
	}
	return l.add(members, inner, depth+1)
}

var errOutside = errors.New("lies outside its struct")

// field adds the member m.
func (l *memberList) field(m *btf.Member, s span, last bool, depth int) error {
	typ, err := l.build(m.Type, depth+1)
	if err != nil {
		return err
	}
	first, size := s.offset+int(m.Offset), 8*typ.Size
	f := Field{Name: m.Name, Type: typ}
	if m.BitfieldSize != 0 {
		size = int(m.BitfieldSize)
		if typ.load == loadNone || size > 8*typ.Size {
			return fmt.Errorf("a bit field of %d bits cannot be of type %s", size, typ.Name)
		}
		f.place(first, size, l.big)
	} else {
		if first%8 != 0 {
			return fmt.Errorf("starts at bit %d, inside a byte", first)
		}
		f.Offset, f.end = first/8, first/8+typ.Size
		f.load = typ.load
		f.open = typ.open && last
	}
	if int(m.Offset)+size > s.size {
		return errOutside
	}
	if l.names[m.Name] {
		return nil // no compiler lets two members share a name: the first is the one that it would find
	}
	l.names[m.Name] = true
	f.textKey = m.Name + "="
	f.jsonKey = `"` + m.Name + `":`
	l.typ.Fields = append(l.typ.Fields, f)
	return nil
}
