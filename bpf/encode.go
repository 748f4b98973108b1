package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// Encode returns value as t lays it out, in the byte order of this machine. Values are those that SetGlobal takes. An error names the
// field that does not take its part.
func Encode(t *decode.Type, value any) ([]byte, error) {
	b := make([]byte, t.Size)
	if err := encode(t, b, value); err != nil {
		return nil, err
	}
	return b, nil
}

// encode writes value as t at the start of b, in the byte order of this machine. b must be zero
// and at least as long as t. Values are those that SetGlobal takes.
func encode(t *decode.Type, b []byte, value any) error {
	switch t.Kind {
	case decode.Bool:
		v, err := truth(value)
		if err != nil {
			return err
		}
		if v {
			b[0] = 1
		}
		return nil
	case decode.Int, decode.Uint, decode.Pointer:
		return encodeInteger(t, b, value)
	case decode.Enum:
		return encodeEnum(t, b, value)
	case decode.Float:
		return encodeFloat(t, b, value)
	case decode.String:
		return encodeString(t, b, value)
	case decode.Array:
		return encodeArray(t, b, value)
	case decode.Struct, decode.Union:
		return encodeFields(t, b, value)
	case decode.Opaque:
		return encodeBytes(t, b, value)
	}
	return fmt.Errorf("values of type %s cannot be set", t.Name)
}

// mismatch says that value is not of the sort that t takes.
func mismatch(t *decode.Type, want string, value any) error {
	return fmt.Errorf("%s takes %s, got %s", t.Name, want, describe(value))
}

func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nil"
	case bool:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%q", v)
	case int64, uint64, float64:
		return fmt.Sprint(v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return fmt.Sprintf("a value of type %T", value)
}

func truth(value any) (bool, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	case uint64:
		if v <= 1 {
			return v == 1, nil
		}
	case float64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	}
	return false, fmt.Errorf("bool takes true or false, got %s", describe(value))
}

// integer is a whole number of up to 64 bits and a sign.
type integer struct {
	magnitude uint64
	negative  bool
}

func (n integer) String() string {
	if n.negative {
		return fmt.Sprintf("-%d", n.magnitude)
	}
	return fmt.Sprint(n.magnitude)
}

// fits reports whether n can be kept in that many bits.
func (n integer) fits(bits int, signed bool) bool {
	switch {
	case !signed:
		return !n.negative && (bits == 64 || n.magnitude>>bits == 0)
	case n.negative:
		return n.magnitude <= 1<<(bits-1)
	}
	return n.magnitude < 1<<(bits-1)
}

// twos returns n in two's complement.
func (n integer) twos() uint64 {
	if n.negative {
		return -n.magnitude
	}
	return n.magnitude
}

func toInteger(t *decode.Type, value any) (integer, error) {
	switch v := value.(type) {
	case bool: // C says that true is 1
		if v {
			return integer{magnitude: 1}, nil
		}
		return integer{}, nil
	case int64:
		if v < 0 {
			return integer{magnitude: -uint64(v), negative: true}, nil
		}
		return integer{magnitude: uint64(v)}, nil
	case uint64:
		return integer{magnitude: v}, nil
	case float64:
		if v != math.Trunc(v) || math.IsInf(v, 0) {
			return integer{}, fmt.Errorf("%s takes whole numbers, got %v", t.Name, v)
		}
		magnitude := math.Abs(v)
		if magnitude >= 1<<64 {
			return integer{}, fmt.Errorf("%.0f does not fit %s", v, t.Name)
		}
		return integer{magnitude: uint64(magnitude), negative: v < 0}, nil
	}
	return integer{}, mismatch(t, "a number", value)
}

func encodeInteger(t *decode.Type, b []byte, value any) error {
	n, err := toInteger(t, value)
	if err != nil {
		return err
	}
	return putInteger(t, b, n, t.Kind == decode.Int)
}

func putInteger(t *decode.Type, b []byte, n integer, signed bool) error {
	if t.Size < 1 || t.Size > 8 {
		return fmt.Errorf("values of type %s cannot be set", t.Name)
	}
	if !n.fits(8*t.Size, signed) {
		return fmt.Errorf("%s does not fit %s", n, t.Name)
	}
	putBytes(b[:t.Size], n.twos())
	return nil
}

// putBytes writes the low bytes of v.
func putBytes(b []byte, v uint64) {
	var all [8]byte
	binary.NativeEndian.PutUint64(all[:], v)
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		copy(b, all[:len(b)])
		return
	}
	copy(b, all[8-len(b):])
}

func encodeEnum(t *decode.Type, b []byte, value any) error {
	name, ok := value.(string)
	if !ok {
		n, err := toInteger(t, value)
		if err != nil {
			return err
		}
		return putInteger(t, b, n, t.Signed)
	}
	var names []string
	for _, e := range t.Enumerators {
		if e.Name == name {
			putBytes(b[:t.Size], e.Value)
			return nil
		}
		names = append(names, e.Name)
	}
	return fmt.Errorf("%s has no enumerator %s%s", t.Name, name, near.Hint(near.Names(name, names)))
}

func encodeFloat(t *decode.Type, b []byte, value any) error {
	var f float64
	switch v := value.(type) {
	case float64:
		f = v
	case int64:
		f = float64(v)
	case uint64:
		f = float64(v)
	default:
		return mismatch(t, "a number", value)
	}
	switch t.Size {
	case 4:
		putBytes(b[:4], uint64(math.Float32bits(float32(f))))
	case 8:
		putBytes(b[:8], math.Float64bits(f))
	default:
		return fmt.Errorf("values of type %s cannot be set", t.Name)
	}
	return nil
}

// encodeString keeps room for the NUL that C code looks for.
func encodeString(t *decode.Type, b []byte, value any) error {
	s, ok := value.(string)
	switch {
	case !ok:
		return mismatch(t, "a string", value)
	case strings.IndexByte(s, 0) >= 0:
		return errors.New("the string holds a NUL, where C would end it")
	case len(s) >= t.Size:
		return fmt.Errorf("%q is too long for %s: %d bytes and a NUL", s, t.Name, len(s))
	}
	copy(b, s)
	return nil
}

// encodeBytes takes a string byte for byte: addresses of IPv6, hashes.
func encodeBytes(t *decode.Type, b []byte, value any) error {
	s, ok := value.(string)
	switch {
	case !ok:
		return mismatch(t, "a string of its bytes", value)
	case len(s) != t.Size:
		return fmt.Errorf("%s takes %d bytes, got a string of %d", t.Name, t.Size, len(s))
	}
	copy(b, s)
	return nil
}

func encodeArray(t *decode.Type, b []byte, value any) error {
	if _, ok := value.(string); ok && t.Elem.Kind == decode.Uint && t.Elem.Size == 1 {
		return encodeBytes(t, b, value)
	}
	list, ok := value.([]any)
	if !ok {
		return mismatch(t, "a list", value)
	}
	if len(list) > t.Len {
		return fmt.Errorf("%s takes %d elements, got %d", t.Name, t.Len, len(list))
	}
	for i, v := range list {
		// Counted as Lua does, for whom this is.
		if err := encode(t.Elem, b[i*t.Elem.Size:], v); err != nil {
			return fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	return nil
}

func encodeFields(t *decode.Type, b []byte, value any) error {
	fields, ok := value.(map[string]any)
	if list, empty := value.([]any); !ok && (!empty || len(list) > 0) { // an empty table may be either
		return mismatch(t, "a table of its fields", value)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := t.Field(name)
		if f == nil {
			var names []string
			for i := range t.Fields {
				names = append(names, t.Fields[i].Name)
			}
			return fmt.Errorf("%s has no field %s%s", t.Name, name, near.Hint(near.Names(name, names)))
		}
		var err error
		if f.BitSize != 0 {
			err = encodeBits(f, b, fields[name])
		} else {
			err = encode(f.Type, b[f.Offset:], fields[name])
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
	}
	return nil
}

// encodeBits sets a bit field.
func encodeBits(f *decode.Field, b []byte, value any) error {
	if name, ok := value.(string); ok && f.Type.Kind == decode.Enum {
		whole := make([]byte, f.Type.Size)
		if err := encodeEnum(f.Type, whole, name); err != nil {
			return err
		}
		bits, _ := f.Type.Bits(whole)
		value = bits
		if f.Type.Signed {
			value = int64(bits)
		}
	}
	n, err := toInteger(f.Type, value)
	switch {
	case err != nil:
		return err
	case !n.fits(f.BitSize, f.Type.Kind == decode.Int || f.Type.Signed):
		return fmt.Errorf("%s does not fit %d bits of %s", n, f.BitSize, f.Type.Name)
	}
	f.PutBits(b, n.twos())
	return nil
}
