package bpf

import (
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// discriminator tells apart the records of a stream by the enum that they all begin with. Which number goes with which struct no object
// says; the names do, where they leave no doubt: EVENT_EXEC goes with struct exec_event.
type discriminator struct {
	field decode.Field
	types map[uint64]*decode.Type
}

// findDiscriminator returns the discriminator of these types, or nil.
func findDiscriminator(types []*decode.Type) *discriminator {
	if len(types) < 2 {
		return nil
	}
	var d discriminator
	for i, t := range types {
		field, ok := leadingEnum(t)
		if !ok || i > 0 && (field.Type.Name != d.field.Type.Name || field.Type.Size != d.field.Type.Size) {
			return nil
		}
		d.field = field
	}
	d.types = make(map[uint64]*decode.Type)
	for _, t := range types {
		value, ok := enumeratorFor(t, d.field.Type.Enumerators)
		if !ok || d.types[value] != nil {
			return nil
		}
		d.types[value] = t
	}
	return &d
}

// leadingEnum returns the enum that values of t begin with, also as the first member of a struct that they begin with.
func leadingEnum(t *decode.Type) (decode.Field, bool) {
	for t.Kind == decode.Struct && len(t.Fields) > 0 && t.Fields[0].Offset == 0 {
		if first := t.Fields[0]; first.Type.Kind == decode.Enum && first.BitSize == 0 {
			return first, true
		}
		t = t.Fields[0].Type
	}
	return decode.Field{}, false
}

// enumeratorFor returns the value of the only enumerator whose name has all words of the type's name.
func enumeratorFor(t *decode.Type, enumerators []decode.Enumerator) (uint64, bool) {
	want := words(strings.TrimPrefix(t.Name, "struct "))
	if len(want) == 0 {
		return 0, false
	}
	var found []uint64
	for _, e := range enumerators {
		have := words(e.Name)
		if !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) }) {
			found = append(found, e.Value)
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}

// words returns the words of a name, without those that say no more than that it is a record.
func words(name string) []string {
	all := strings.Split(strings.ToLower(name), "_")
	return slices.DeleteFunc(all, func(w string) bool {
		switch w {
		case "", "event", "evt", "data", "record", "info", "msg", "type", "t":
			return true
		}
		return false
	})
}

// typeOf returns the type of record b, or nil when the enum has a value that goes with none.
func (d *discriminator) typeOf(b []byte) *decode.Type {
	value, ok := d.field.Bits(b)
	if !ok {
		return nil
	}
	return d.types[value]
}
