package bpf

import (
	"encoding/binary"
	"math"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// addValue adds b, a value of type t, to sum: numbers, wherever they are in it. Of what cannot be added, such as names,
// pointers and bit fields, sum keeps its own unless that is zero.
func addValue(t *decode.Type, sum, b []byte) {
	switch t.Kind {
	case decode.Int, decode.Uint:
		x, _ := t.Bits(sum)
		y, _ := t.Bits(b)
		putBytes(sum[:t.Size], x+y)
		return
	case decode.Float:
		x, _ := t.Float(sum)
		y, _ := t.Float(b)
		if t.Size == 4 {
			binary.NativeEndian.PutUint32(sum, math.Float32bits(float32(x+y)))
		} else {
			binary.NativeEndian.PutUint64(sum, math.Float64bits(x+y))
		}
		return
	case decode.Array:
		for i := range t.Len {
			at := i * t.Elem.Size
			addValue(t.Elem, sum[at:], b[at:])
		}
		return
	case decode.Struct:
		for i := range t.Fields {
			if f := &t.Fields[i]; f.BitSize == 0 {
				addValue(f.Type, sum[f.Offset:], b[f.Offset:])
			}
		}
		return
	}
	if allZero(sum[:t.Size]) {
		copy(sum[:t.Size], b)
	}
}
