package decode

import "slices"

// Kind is how a value is to be understood.
type Kind uint8

// Kinds.
const (
	Opaque  Kind = iota // bytes of unknown meaning, also integers of more than 64 bits
	Bool                // _Bool
	Int                 // signed integer, also a bit field
	Uint                // unsigned integer, also a bit field
	Float               // float or double
	Enum                // Type.Enumerators has the names
	Pointer             // an address
	String              // char[N]: text up to its first NUL
	Array               // Type.Elem and Type.Len
	Struct              // Type.Fields
	Union               // Type.Fields, all at offset 0
)

// Type is the layout of a value. Types come from [New], are immutable and may be shared.
type Type struct {
	Kind        Kind
	Name        string // as C writes it without qualifiers: "struct event", "__u32", "char[16]"
	Size        int    // bytes
	Signed      bool   // Enum: its numbers are signed
	Elem        *Type  // Array
	Len         int    // Array: elements; String: bytes. 0 for a flexible array, see [Type.Elements]
	Fields      []Field
	Enumerators []Enumerator // Enum, in order of declaration

	load   load
	open   bool              // ends in a flexible array, so that values may be longer than Size
	values int               // how many values are printed for one of these; bounds the work of rendering
	fields map[string]*Field // nil where there are few
	names  map[uint64]string // of enumerators; nil where there are few
}

// Field is a member of a struct or union. The members of anonymous structs and
// unions are listed as if they were the outer type's own, as C reads them.
type Field struct {
	Name      string
	Type      *Type
	Offset    int // bytes from the start of the struct or union that lists the field
	BitOffset int // of a bit field: bits from Offset, counted from the least significant bit
	BitSize   int // 0: no bit field

	load    load
	open    bool   // may reach beyond end, up to that of the record
	end     int    // Offset of the first byte behind the field
	textKey string // `name=`
	jsonKey string // `"name":`
}

// Enumerator is a name for a number.
type Enumerator struct {
	Name  string
	Value uint64 // two's complement where the enum is signed
}

// few is up to how many names a scan is as fast as a map.
const few = 8

// Field returns the member called name, or nil.
func (t *Type) Field(name string) *Field {
	if t.fields != nil {
		return t.fields[name]
	}
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// Enumerator returns the name of number v, or "". Of several names for one number it is the first.
func (t *Type) Enumerator(v uint64) string {
	if t.names != nil {
		return t.names[v]
	}
	for i := range t.Enumerators {
		if t.Enumerators[i].Value == v {
			return t.Enumerators[i].Name
		}
	}
	return ""
}

// Retyped is a copy of the struct t whose members have the types that retype returns; where that is nil they keep theirs. A new type has to have the size
// and the kind of the old.
func (t *Type) Retyped(retype func(*Field) *Type) *Type {
	c := *t
	c.Fields, c.fields, c.names = slices.Clone(t.Fields), nil, nil
	for i := range c.Fields {
		if n := retype(&c.Fields[i]); n != nil {
			c.Fields[i].Type = n
		}
	}
	c.index()
	return &c
}

// index prepares lookups by name and number.
func (t *Type) index() {
	if len(t.Fields) > few {
		t.fields = make(map[string]*Field, len(t.Fields))
		for i := range t.Fields {
			t.fields[t.Fields[i].Name] = &t.Fields[i]
		}
	}
	if len(t.Enumerators) > few {
		t.names = make(map[uint64]string, len(t.Enumerators))
		for _, e := range t.Enumerators {
			if _, ok := t.names[e.Value]; !ok {
				t.names[e.Value] = e.Name
			}
		}
	}
}
