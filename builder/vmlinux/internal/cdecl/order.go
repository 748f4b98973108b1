package cdecl

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// needsOf returns what must be declared before d, extras left aside.
func (h *header) needsOf(d *declaration) []*declaration {
	n := h.newNeeds()
	switch d.kind {
	case recordTag:
		n.addMembers(d.record.members)
	case typedefName:
		if d.record != nil {
			n.addMembers(d.record.members)
		} else {
			n.add(d.typ.(*btf.Typedef).Type, false)
		}
	}
	return n.list
}

// needsOfMember returns what must be declared before a record that has m, m's own
// extras left aside.
func (h *header) needsOfMember(m *member) []*declaration {
	n := h.newNeeds()
	n.addMembers([]*member{m})
	return n.list
}

// needs gathers declarations that others must follow.
type needs struct {
	header   *header
	list     []*declaration
	listed   map[*declaration]bool
	complete map[*declaration]bool // typedefs whose types are listed too
}

func (h *header) newNeeds() *needs {
	return &needs{header: h, listed: make(map[*declaration]bool), complete: make(map[*declaration]bool)}
}

func (n *needs) addMembers(members []*member) {
	for _, m := range members {
		if m.inner != nil {
			n.addMembers(m.inner.members)
			continue
		}
		n.add(m.typ, true)
	}
}

// add takes what typ needs. A complete use is one that depends on the type's size:
// a struct behind a pointer does not have to be there, an enum or a typedef does.
func (n *needs) add(typ btf.Type, complete bool) {
	typ = unqualified(typ)
	switch typ := typ.(type) {
	case *btf.Pointer:
		n.add(typ.Target, false)
	case *btf.Array:
		n.add(typ.Type, true)
	case *btf.FuncProto:
		n.add(typ.Return, false)
		for _, p := range typ.Params {
			n.add(p.Type, false)
		}
	case *btf.Enum:
		if isIdentifier(typ.Name) {
			n.take(n.header.resolve(typ))
		}
	case *btf.Typedef:
		d := n.header.resolve(typ)
		if d == nil {
			return
		}
		n.take(d)
		if complete && d.record == nil && !n.complete[d] {
			n.complete[d] = true
			n.add(d.typ.(*btf.Typedef).Type, true)
		}
	case *btf.Struct, *btf.Union:
		if !isTagged(typ) {
			n.addMembers(newRecord(typ, nil).members)
		} else if complete {
			n.take(n.header.resolve(typ))
		}
	case *btf.Fwd:
		if complete && isIdentifier(typ.Name) {
			n.take(n.header.resolve(typ))
		}
	}
}

func (n *needs) take(d *declaration) {
	if !n.listed[d] {
		n.listed[d] = true
		n.list = append(n.list, d)
	}
}

// state tells how far a declaration is.
type state uint8

const (
	untouched state = iota
	checking
	checked
	printed
)

// check refuses declarations that need each other: no compiler made those.
func (d *declaration) check() error {
	switch d.state {
	case checking:
		return fmt.Errorf("order declarations: %s would have to come before itself", d.name)
	case untouched:
		d.state = checking
		for _, need := range d.needs {
			if err := need.check(); err != nil {
				return err
			}
		}
		d.state = checked
	}
	return nil
}

// reaches reports whether d cannot be declared before to.
func (d *declaration) reaches(to *declaration, search int) bool {
	if d == to {
		return true
	}
	if d.mark == search {
		return false
	}
	d.mark = search
	return slices.ContainsFunc(d.needs, func(need *declaration) bool { return need.reaches(to, search) })
}
