package cdecl

import (
	"math"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// enumerator is one name of an enum.
type enumerator struct {
	name   string
	value  uint64 // sign-extended where signed
	signed bool
}

// mergeValues returns the enumerators of base and those that only others have and
// that fit base's size, so that it stays what it is.
func mergeValues(base *btf.Enum, others []btf.Type) []enumerator {
	values := enumerators(base)
	have := make(map[string]bool)
	for _, v := range values {
		have[v.name] = true
	}
	for _, other := range others {
		other, ok := other.(*btf.Enum)
		if !ok {
			continue
		}
		for _, v := range enumerators(other) {
			if !have[v.name] && v.fits(base) {
				have[v.name] = true
				values = append(values, v)
			}
		}
	}
	return values
}

func enumerators(e *btf.Enum) []enumerator {
	var out []enumerator
	for _, v := range e.Values {
		if !isIdentifier(v.Name) {
			continue
		}
		value := v.Value
		switch {
		case e.Signed && e.Size <= 4:
			value = uint64(int64(int32(value)))
		case e.Size <= 4:
			value = uint64(uint32(value))
		}
		out = append(out, enumerator{name: v.Name, value: value, signed: e.Signed})
	}
	return out
}

// fits reports whether v can be a value of e without a change of e's size or sign.
func (v enumerator) fits(e *btf.Enum) bool {
	bits := 8 * e.Size
	if bits == 0 || bits > 64 {
		return false
	}
	if v.signed && int64(v.value) < 0 {
		return e.Signed && int64(v.value) >= math.MinInt64>>(64-bits)
	}
	if e.Signed {
		bits--
	}
	return v.value <= math.MaxUint64>>(64-bits)
}

// nameEnumerators gives every enumerator to the first enum that has it: C keeps them
// all, and the typedefs, in one namespace. Enums with a tag or a typedef come before
// those that nothing refers to.
func (h *header) nameEnumerators(kernels []*kernel) {
	for _, d := range h.order {
		if d.kind == typedefName {
			h.taken[d.name] = true
		}
	}
	claim := func(values []enumerator) []enumerator {
		return slices.DeleteFunc(values, func(v enumerator) bool {
			lost := h.taken[v.name]
			h.taken[v.name] = true
			return lost
		})
	}
	for _, d := range h.order {
		d.values = claim(d.values)
	}
	for _, k := range kernels {
		for _, e := range k.enums {
			if values := claim(enumerators(e)); len(values) > 0 {
				h.loose = append(h.loose, &declaration{kind: enumTag, typ: e, values: values})
			}
		}
	}
}

// selectKfuncs takes every kfunc in the prototype of the first kernel that has it.
func (h *header) selectKfuncs(kernels []*kernel) {
	for _, k := range kernels {
		for _, fn := range k.kfuncs {
			if _, ok := fn.Type.(*btf.FuncProto); ok && !h.taken[fn.Name] {
				h.taken[fn.Name] = true
				h.kfuncs = append(h.kfuncs, fn)
			}
		}
	}
}
