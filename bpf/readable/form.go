// Package readable shows values as people read them where the type or the name of a field says what its number means: IP
// addresses, ports, error numbers, system calls, times, text in arrays of bytes.
//
// It goes by names that are usual in eBPF programs, and only where type and size agree; a value that makes no sense as
// what its name says is left as it is. What a field holds is never lost by it: callers print it beside or instead, as they choose.
package readable

import (
	"slices"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Form says how the members of a struct are shown. A nil Form shows all as they are. It is not safe for concurrent use.
type Form struct {
	typ    *decode.Type
	fields []shown // as typ.Fields
}

// shown is how one member is.
type shown struct {
	reading *Reading
	nested  *Form // of a member that is a struct
	hidden  bool  // another one's reading shows it
	arm     *arm  // nil: it is in every record
}

// Reading is another way to show a member.
type Reading struct {
	Name   string // of the member, save where two are shown as one: saddr for saddr_v4 and saddr_v6
	Width  int    // how many characters it usually takes
	Number bool   // stands to the right, as numbers do
	Text   bool   // is text, of any length
	append func(dst, rec []byte, long bool) ([]byte, bool)
}

// Append appends what the member of rec, the struct, says. ok is false where that is no more than the number, or where rec ends
// before the member does. long asks for a form that needs no context: a time with its date.
func (r *Reading) Append(dst, rec []byte, long bool) (_ []byte, ok bool) {
	return r.append(dst, rec, long)
}

// Of returns how the members of t are shown, or nil where all are shown as they are.
func Of(t *decode.Type) *Form {
	if t == nil || t.Kind != decode.Struct && t.Kind != decode.Union {
		return nil
	}
	f := &Form{typ: t, fields: make([]shown, len(t.Fields))}
	f.addresses()
	f.arms()
	different := false
	for i := range t.Fields {
		s := &f.fields[i]
		if s.reading == nil && !s.hidden {
			s.reading = f.reading(&t.Fields[i])
		}
		if s.reading == nil && t.Fields[i].Type.Kind == decode.Struct {
			s.nested = Of(t.Fields[i].Type)
		}
		different = different || *s != shown{}
	}
	if !different {
		return nil
	}
	return f
}

// Reading returns how member i is shown, or nil: as it is.
func (f *Form) Reading(i int) *Reading {
	if f == nil {
		return nil
	}
	return f.fields[i].reading
}

// Hidden reports whether the Reading of another member shows member i too.
func (f *Form) Hidden(i int) bool { return f != nil && f.fields[i].hidden }

// Nested returns how the members of member i are shown.
func (f *Form) Nested(i int) *Form {
	if f == nil {
		return nil
	}
	return f.fields[i].nested
}

// Without is f, the Form of t, with those members hidden, too, that hide names.
func Without(f *Form, t *decode.Type, hide func(*decode.Field) bool) *Form {
	if t == nil || !slices.ContainsFunc(t.Fields, func(field decode.Field) bool { return hide(&field) }) {
		return f
	}
	less := &Form{typ: t, fields: make([]shown, len(t.Fields))}
	if f != nil {
		copy(less.fields, f.fields)
	}
	for i := range t.Fields {
		if hide(&t.Fields[i]) {
			less.fields[i] = shown{hidden: true}
		}
	}
	return less
}

// AppendText appends rec, a value of type t whose Form is f, as [decode.Type.AppendText] does.
func AppendText(dst []byte, t *decode.Type, f *Form, rec []byte) []byte {
	if f == nil {
		return t.AppendText(dst, rec)
	}
	dst = append(dst, '{')
	first := true
	for i := range t.Fields {
		field := &t.Fields[i]
		if f.Hidden(i) || field.Absent(rec) || !f.Holds(i, rec) {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		r := f.Reading(i)
		if r == nil {
			dst = append(append(dst, field.Name...), '=')
			if nested := f.Nested(i); nested != nil {
				dst = AppendText(dst, field.Type, nested, field.Bytes(rec))
			} else {
				dst = field.AppendText(dst, rec)
			}
			continue
		}
		dst = append(append(dst, r.Name...), '=')
		var ok bool
		if dst, ok = r.Append(dst, rec, false); !ok {
			dst = field.AppendText(dst, rec)
		}
	}
	return append(dst, '}')
}
