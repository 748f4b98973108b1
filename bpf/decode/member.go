package decode

// Absent reports whether b, a value of the struct that lists the field, ends before the field does, so that renderings
// leave it out.
func (f *Field) Absent(b []byte) bool {
	_, _, ok := f.read(b)
	return !ok
}

// AppendJSONMember appends the field of b, a value of the struct that lists it, as AppendJSONMembers does: its name and
// value, and no comma. Nothing is appended where the field is absent.
func (f *Field) AppendJSONMember(dst, b []byte) []byte {
	v, p, ok := f.read(b)
	if !ok {
		return dst
	}
	return f.appendJSON(append(dst, f.jsonKey...), v, p)
}

// Element returns element i of the array f, counted from 0, as if it were a member of its own; nil where f is no array that has it.
func (f *Field) Element(i int) *Field {
	t := f.Type
	if t.Kind != Array || i < 0 || i >= t.Len && !t.open {
		return nil
	}
	offset := f.Offset + i*t.Elem.Size
	return &Field{Name: f.Name, Type: t.Elem, Offset: offset, load: t.Elem.load, end: offset + t.Elem.Size}
}
