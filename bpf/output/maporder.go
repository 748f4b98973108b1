package output

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// sortEntries orders the entries of a map as people look for them: hashes by the first number of their values, the
// highest first, and arrays by index. byKey orders all by key.
func sortEntries(m bpf.MapContent, byKey bool) {
	weight, at := weightOf(m.Value)
	slices.SortFunc(m.Entries, func(a, b []byte) int {
		if !byKey && !m.Array && weight != nil {
			v, _ := weight.Bits(m.ValueOf(a)[at:])
			w, _ := weight.Bits(m.ValueOf(b)[at:])
			if order := compareBits(weight, w, v); order != 0 {
				return order
			}
		}
		return compareKeys(m.Key, m.KeyOf(a), m.KeyOf(b))
	})
}

// weightOf returns the type of the first number in values of type t, and where in them it is.
func weightOf(t *decode.Type) (weight *decode.Type, at int) {
	if isCount(t) {
		return t, 0
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; f.BitSize == 0 && isCount(f.Type) {
			return f.Type, f.Offset
		}
	}
	return nil, 0
}

func compareBits(t *decode.Type, v, w uint64) int {
	if t.Kind == decode.Int {
		return cmp.Compare(int64(v), int64(w))
	}
	return cmp.Compare(v, w)
}

// compareKeys orders numbers, and structs member by member.
func compareKeys(t *decode.Type, a, b []byte) int {
	if v, ok := t.Bits(a); ok {
		w, _ := t.Bits(b)
		return compareBits(t, v, w)
	}
	if t.Kind == decode.Struct {
		for i := range t.Fields {
			f := &t.Fields[i]
			if order := compareKeys(f.Type, f.Bytes(a), f.Bytes(b)); f.BitSize == 0 && order != 0 {
				return order
			}
		}
	}
	return bytes.Compare(a, b)
}
