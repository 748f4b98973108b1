package aggregate

import "github.com/ebpfx/ebpfx/bpf/decode"

// Value is a part of a key.
type Value struct {
	kind   valueKind
	number Number
	text   string // of Text; the bytes of Data
	typ    *decode.Type
}

type valueKind uint8

const (
	absent valueKind = iota // records that end before the field does have it
	numeric
	boolean
	textual
	data
)

// NumberValue returns a Value that is a number.
func NumberValue(n Number) Value { return Value{kind: numeric, number: n} }

// BoolValue returns a Value that is true or false.
func BoolValue(b bool) Value {
	v := Value{kind: boolean}
	if b {
		v.number = Uint(1)
	}
	return v
}

// TextValue returns a Value that is text.
func TextValue(s string) Value { return Value{kind: textual, text: s} }

// DataValue returns a Value that is of type t, an array or a struct, with these bytes.
func DataValue(t *decode.Type, b []byte) Value { return Value{kind: data, text: string(b), typ: t} }

// Number returns the number that v is. ok is false where it is none.
func (v Value) Number() (n Number, ok bool) { return v.number, v.kind == numeric }

// Bool returns the truth value that v is. ok is false where it is none.
func (v Value) Bool() (b, ok bool) { return v.number.bits != 0, v.kind == boolean }

// Text returns the text that v is. ok is false where it is none.
func (v Value) Text() (s string, ok bool) { return v.text, v.kind == textual }

// Data returns the bytes that v is and their type. ok is false where v is another sort of value.
func (v Value) Data() (t *decode.Type, b []byte, ok bool) {
	return v.typ, []byte(v.text), v.kind == data && v.typ != nil
}

// IsAbsent reports whether the record that v is from was too short for it.
func (v Value) IsAbsent() bool { return v.kind == absent }
