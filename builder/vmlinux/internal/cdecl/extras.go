package cdecl

import "slices"

// admitExtras drops the extras that would change what the base declares, and those
// that cannot be declared where they are needed.
func (h *header) admitExtras() {
	for _, d := range h.order {
		if d.record != nil {
			h.admit(d, d.record)
		}
	}
}

// admit looks at the extras of r, which is a part of d.
func (h *header) admit(d *declaration, r *record) {
	for _, m := range slices.Concat(r.members, r.extras) {
		if m.inner != nil {
			h.admit(d, m.inner)
		}
	}
	r.extras = slices.DeleteFunc(r.extras, func(m *member) bool {
		needs := h.needsOfMember(m)
		h.searches++
		for _, need := range needs {
			// A type that no kernel completes has no size; one that needs d by
			// value cannot come before it.
			if need.kind == opaque || need.reaches(d, h.searches) {
				return true
			}
		}
		size, align := h.layoutMember(m)
		if m.bits > 0 {
			size = roundUp(m.bits, 8) / 8
		}
		if size > r.size {
			return true
		}
		m.packed = align > h.layoutRecord(r).align
		d.needs = append(d.needs, needs...)
		return false
	})
}
