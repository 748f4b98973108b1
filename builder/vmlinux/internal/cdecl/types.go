package cdecl

import "github.com/cilium/ebpf/btf"

// qualified returns the type below one qualifier or type tag.
func qualified(typ btf.Type) (btf.Type, bool) {
	switch typ := typ.(type) {
	case *btf.Const:
		return typ.Type, true
	case *btf.Volatile:
		return typ.Type, true
	case *btf.Restrict:
		return typ.Type, true
	case *btf.TypeTag:
		return typ.Type, true
	}
	return nil, false
}

// maxDepth bounds how deep types are looked into, as malformed ones have no end.
// Those of kernels have it before ten.
const maxDepth = 64

// unqualified returns typ without its qualifiers and type tags.
func unqualified(typ btf.Type) btf.Type {
	for range maxDepth {
		inner, ok := qualified(typ)
		if !ok {
			break
		}
		typ = inner
	}
	return typ
}

// element returns what typ is an array of, without qualifiers; typ when it is none.
func element(typ btf.Type) btf.Type {
	for range maxDepth {
		typ = unqualified(typ)
		array, ok := typ.(*btf.Array)
		if !ok {
			break
		}
		typ = array.Type
	}
	return typ
}

// underlying returns what typ is beneath qualifiers and typedefs.
func underlying(typ btf.Type) btf.Type {
	for range maxDepth {
		typ = unqualified(typ)
		def, ok := typ.(*btf.Typedef)
		if !ok {
			break
		}
		typ = def.Type
	}
	return typ
}

func isRecord(typ btf.Type) bool {
	switch typ.(type) {
	case *btf.Struct, *btf.Union:
		return true
	}
	return false
}

// isTagged reports whether typ is a struct or union that C can refer to.
func isTagged(typ btf.Type) bool { return isRecord(typ) && isIdentifier(typ.TypeName()) }

// anonymous returns the struct or union that typ, or what it is an array of, spells
// out in place; nil when it is none.
func anonymous(typ btf.Type) btf.Type {
	if typ = element(typ); isRecord(typ) && !isTagged(typ) {
		return typ
	}
	return nil
}

func membersOf(typ btf.Type) []btf.Member {
	switch typ := typ.(type) {
	case *btf.Struct:
		return typ.Members
	case *btf.Union:
		return typ.Members
	}
	return nil
}

func sizeOf(typ btf.Type) uint32 {
	switch typ := typ.(type) {
	case *btf.Struct:
		return typ.Size
	case *btf.Union:
		return typ.Size
	}
	return 0
}

// sameType reports whether two types of one tag in one kernel are the same: BTF
// keeps both where they differ in a type that they only point to.
func sameType(a, b btf.Type) bool {
	switch a := a.(type) {
	case *btf.Enum:
		b, ok := b.(*btf.Enum)
		return ok && sameValues(a.Values, b.Values)
	case *btf.Struct:
		if _, ok := b.(*btf.Struct); !ok {
			return false
		}
	case *btf.Union:
		if _, ok := b.(*btf.Union); !ok {
			return false
		}
	}
	ma, mb := membersOf(a), membersOf(b)
	if sizeOf(a) != sizeOf(b) || len(ma) != len(mb) {
		return false
	}
	for i := range ma {
		if ma[i].Name != mb[i].Name || ma[i].Offset != mb[i].Offset || ma[i].BitfieldSize != mb[i].BitfieldSize {
			return false
		}
	}
	return true
}

func sameValues(a, b []btf.EnumValue) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
