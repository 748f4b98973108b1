package foreign

import "github.com/ebpfx/ebpfx/bpf/decode"

// Value turns the numbers in b, a value of type t, around in place. It reports whether it knows where they lie: bit fields of machines of the other order lie at
// other bits, and what a union holds nobody knows.
func Value(t *decode.Type, b []byte) bool {
	switch t.Kind {
	case decode.Bool, decode.Int, decode.Uint, decode.Float, decode.Enum, decode.Pointer:
		if t.Size > len(b) {
			return false
		}
		reverse(b[:t.Size])
	case decode.Array:
		for i := range t.Len {
			at := i * t.Elem.Size
			if at+t.Elem.Size > len(b) || !Value(t.Elem, b[at:at+t.Elem.Size]) {
				return false
			}
		}
	case decode.Struct:
		end := 0
		for _, f := range t.Fields {
			// The members of an anonymous union lie over each other.
			if f.BitSize > 0 || f.Offset < end || f.Offset+f.Type.Size > len(b) || !Value(f.Type, b[f.Offset:f.Offset+f.Type.Size]) {
				return false
			}
			end = f.Offset + f.Type.Size
		}
	case decode.Union:
		return false
	case decode.Opaque:
		return t.Size <= 1
	}
	return true
}
