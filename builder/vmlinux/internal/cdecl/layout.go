package cdecl

import "github.com/cilium/ebpf/btf"

// layout is what clang makes of a record's declaration for the bpf target. Extras
// never change it.
type layout struct {
	size, align uint32 // in bytes
	packed      bool
}

// layoutOf returns size and alignment of typ in bytes as the header declares it.
// inner stands for the anonymous struct or union that typ spells out.
func (h *header) layoutOf(typ btf.Type, inner *record) (size, align uint32) {
	typ = unqualified(typ)
	switch typ := typ.(type) {
	case *btf.Pointer:
		return 8, 8
	case *btf.Array:
		size, align := h.layoutOf(typ.Type, inner)
		return size * typ.Nelems, align
	case *btf.Int:
		return typ.Size, max(typ.Size, 1)
	case *btf.Float:
		return typ.Size, max(typ.Size, 1)
	case *btf.Enum:
		if isIdentifier(typ.Name) {
			if owner, ok := h.resolve(typ).typ.(*btf.Enum); ok {
				typ = owner
			}
		}
		return typ.Size, max(typ.Size, 1)
	case *btf.Typedef:
		if d := h.resolve(typ); d != nil {
			return h.layoutOf(d.typ.(*btf.Typedef).Type, d.record)
		}
		if typ.Name == vaList {
			return 8, 8
		}
		return h.layoutOf(typ.Type, inner)
	case *btf.Struct, *btf.Union:
		if inner == nil && isTagged(typ) {
			if inner = h.resolve(typ).record; inner == nil {
				return 0, 1
			}
		}
		if inner == nil {
			inner = newRecord(typ, nil)
		}
		l := h.layoutRecord(inner)
		return l.size, l.align
	}
	return 0, 1
}

// layoutMember is layoutOf for m's type, for a bit field of the integer it is stored in.
func (h *header) layoutMember(m *member) (size, align uint32) {
	return h.layoutOf(h.declaredType(m), m.inner)
}

// declaredType returns the type that m is declared with. A bit field can be wider
// than the base's typedef of the name that its own kernel used: it then takes the
// integer behind that.
func (h *header) declaredType(m *member) btf.Type {
	if m.bits > 0 {
		if size, _ := h.layoutOf(m.typ, nil); m.bits > 8*size {
			return underlying(m.typ)
		}
	}
	return m.typ
}

func (h *header) layoutRecord(r *record) *layout {
	if r.layout != nil {
		return r.layout
	}
	l := &layout{align: 1}
	for _, m := range r.members {
		_, align := h.layoutMember(m)
		l.align = max(l.align, align)
	}
	if !h.fits(r, l.align) {
		l.packed, l.align = true, 1
	}
	end := uint32(0)
	h.place(r, l.packed, func(_ *member, from, to uint32) { end = max(end, to) })
	l.size = roundUp(max(roundUp(end, 8)/8, r.size), l.align)
	r.layout = l
	return l
}

// fits reports whether every member of r lies where C puts it without further ado.
func (h *header) fits(r *record, align uint32) bool {
	fits := r.size%align == 0
	h.place(r, false, func(m *member, from, _ uint32) { fits = fits && (r.union || from == m.offset) })
	return fits
}

// place calls fn for every member of r, in order, with the bits it takes. A gap
// before from has to be filled by padding. A member starts later than its offset
// says where the types before it are larger than in the kernel that r is from.
func (h *header) place(r *record, packed bool, fn func(m *member, from, to uint32)) {
	end := uint32(0) // in bits
	for _, m := range r.members {
		size, align := h.layoutMember(m)
		from, bits := uint32(0), 8*size
		if !r.union {
			from = h.natural(m, end, size, align, packed)
			// Padding moves a member on to any place that is aligned.
			if from < m.offset {
				from = m.offset
				if m.bits == 0 && !packed {
					from = roundUp(from, 8*align)
				}
			}
		}
		if m.bits > 0 {
			bits = m.bits
			if r.union && !packed {
				bits = 8 * size
			}
		}
		fn(m, from, from+bits)
		end = from + bits
	}
}

// natural returns the bit at which C puts m behind a member that ends at end.
func (h *header) natural(m *member, end, size, align uint32, packed bool) uint32 {
	switch {
	case m.bits > 0 && (packed || size == 0 || size > 16): // no C integer is larger
		return end
	case m.bits > 0:
		// A bit field never lies across a boundary of its type.
		if end/(8*size) != (end+m.bits-1)/(8*size) {
			return roundUp(end, 8*size)
		}
		return end
	case packed:
		return roundUp(end, 8)
	}
	return roundUp(end, 8*align)
}

// roundUp returns the smallest multiple of unit that is not below n.
func roundUp(n, unit uint32) uint32 { return (n + unit - 1) / unit * unit }
