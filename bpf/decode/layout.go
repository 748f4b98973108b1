package decode

import (
	"errors"
	"fmt"
	"math"

	"github.com/cilium/ebpf/btf"
)

// Limits keep hostile BTF from taking time or memory out of proportion. No type that
// a compiler made for a record comes near them.
const (
	maxDepth   = 32      // types within types, as MAX_RESOLVE_DEPTH in libbpf's btf.c
	maxSize    = 1 << 30 // bytes; kernel/bpf/ringbuf.c has no larger records
	maxMembers = 1 << 16 // members of all structs together, anonymous ones as often as they are flattened

	// Values that a type may consist of, beside some for each of its bytes. Unions of unions have
	// exponentially many, and all of them would be printed.
	maxValues        = 256
	maxValuesPerByte = 64
)

// New returns the layout of t. Typedefs and qualifiers are followed.
// It fails for types without a size, such as functions and forward declarations, and for
// BTF that contradicts itself: members outside their struct, structs within themselves.
func New(t btf.Type) (*Type, error) {
	b := builder{types: make(map[btf.Type]*Type), big: bigEndian}
	typ, err := b.build(t, 0)
	if err != nil {
		return nil, fmt.Errorf("lay out %s: %w", typeName(t), err)
	}
	return typ, nil
}

// builder makes the layouts of one type and of all that it contains.
type builder struct {
	types   map[btf.Type]*Type // done, or nil while a struct or union is being laid out
	members int
	big     bool // bit fields are those of a big-endian machine
}

func (b *builder) build(t btf.Type, depth int) (*Type, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("types are nested more than %d deep", maxDepth)
	}
	base, err := resolve(t)
	if err != nil {
		return nil, err
	}
	typ, seen := b.types[base]
	switch {
	case seen && typ == nil:
		return nil, fmt.Errorf("%s contains itself", typeName(base))
	case !seen:
		b.types[base] = nil
		if typ, err = b.layout(base, depth); err != nil {
			return nil, err
		}
		if typ.Size > maxSize {
			return nil, fmt.Errorf("%s has %d bytes, more than %d", typ.Name, typ.Size, maxSize)
		}
		if typ.values > maxValues+maxValuesPerByte*typ.Size {
			return nil, fmt.Errorf("%s has %d values in %d bytes", typ.Name, typ.values, typ.Size)
		}
		typ.index()
		b.types[base] = typ
	}
	if name := typeName(t); name != typ.Name {
		named := *typ
		named.Name = name
		return &named, nil
	}
	return typ, nil
}

// layout returns the layout of t, which is neither a typedef nor a qualifier.
func (b *builder) layout(t btf.Type, depth int) (*Type, error) {
	typ := &Type{Name: typeName(t), values: 1}
	switch t := t.(type) {
	case *btf.Int:
		typ.Size = int(t.Size)
		switch t.Encoding {
		case btf.Bool:
			typ.scalar(Bool, false)
		case btf.Unsigned:
			typ.scalar(Uint, false)
		default: // plain char too is signed on every BPF target
			typ.scalar(Int, true)
		}
	case *btf.Enum:
		typ.Size, typ.Signed = int(t.Size), t.Signed
		typ.scalar(Enum, t.Signed)
		return typ, typ.enumerate(t.Values)
	case *btf.Pointer:
		typ.Size = 8 // of the BPF target, whatever the machine's are
		typ.scalar(Pointer, false)
	case *btf.Float:
		typ.Size = int(t.Size)
		if t.Size == 4 || t.Size == 8 {
			typ.Kind = Float
		}
	case *btf.Array:
		return typ, b.array(typ, t, depth)
	case *btf.Struct:
		typ.Kind, typ.Size = Struct, int(t.Size)
		return typ, b.composite(typ, t.Members, depth)
	case *btf.Union:
		typ.Kind, typ.Size = Union, int(t.Size)
		return typ, b.composite(typ, t.Members, depth)
	default:
		return nil, fmt.Errorf("%s has no size", typ.Name)
	}
	return typ, nil
}

// scalar makes t a number of kind k, or Opaque where no load is of its size.
func (t *Type) scalar(k Kind, signed bool) {
	if t.load = loadFor(t.Size, signed); t.load != loadNone {
		t.Kind = k
	}
}

// enumerate sets the enumerators of t.
func (t *Type) enumerate(values []btf.EnumValue) error {
	needs64 := false
	t.Enumerators = make([]Enumerator, len(values))
	for i, v := range values {
		if !isIdentifier(v.Name) {
			return fmt.Errorf("enumerator %q is no identifier", v.Name)
		}
		t.Enumerators[i] = Enumerator(v)
		needs64 = needs64 || v.Value > math.MaxUint32
	}
	if t.Size == 8 && !needs64 {
		// Before clang 16 made BTF_KIND_ENUM64 it cut the values of large enums to their lower half. An
		// enum is large because a value needs it, so where none does they were cut.
		t.Enumerators = nil
	}
	return nil
}

func (b *builder) array(typ *Type, t *btf.Array, depth int) error {
	elem, err := b.build(t.Type, depth+1)
	if err != nil {
		return err
	}
	n := int(t.Nelems)
	if n > 0 && elem.Size > maxSize/n {
		return fmt.Errorf("%s has %d elements of %d bytes, more than %d bytes", typ.Name, n, elem.Size, maxSize)
	}
	typ.Len, typ.Size, typ.open = n, n*elem.Size, n == 0
	if isChar(t.Type) {
		typ.Kind = String
		return nil
	}
	typ.Kind, typ.Elem = Array, elem
	typ.values += n * elem.values
	return nil
}

// isChar says whether t is C's plain char. Those of a sign, which __u8 and __s8 are made of, hold numbers.
func isChar(t btf.Type) bool {
	base, _ := resolve(t) // which has worked when its layout was made
	i, ok := base.(*btf.Int)
	return ok && i.Size == 1 && (i.Encoding == btf.Char || i.Name == "char")
}

var errLongChain = errors.New("typedefs and qualifiers go round in a circle")

// resolve follows typedefs and qualifiers.
func resolve(t btf.Type) (btf.Type, error) {
	for range maxDepth {
		next, ok := unwrap(t)
		if !ok {
			return t, nil
		}
		t = next
	}
	return nil, errLongChain
}

// unwrap returns what the typedef or qualifier t stands for.
func unwrap(t btf.Type) (btf.Type, bool) {
	switch t := t.(type) {
	case *btf.Typedef:
		return t.Type, true
	case *btf.Const:
		return t.Type, true
	case *btf.Volatile:
		return t.Type, true
	case *btf.Restrict:
		return t.Type, true
	case *btf.TypeTag:
		return t.Type, true
	}
	return t, false
}
