package decode

import "slices"

// Equal reports whether values of t and other mean the same: the same layout with the same names.
func (t *Type) Equal(other *Type) bool {
	if t == other {
		return true
	}
	if t == nil || other == nil || t.Kind != other.Kind || t.Name != other.Name || t.Size != other.Size || t.Signed != other.Signed ||
		t.Len != other.Len || !slices.Equal(t.Enumerators, other.Enumerators) {
		return false
	}
	if t.Elem != nil && !t.Elem.Equal(other.Elem) {
		return false
	}
	return slices.EqualFunc(t.Fields, other.Fields, func(f, g Field) bool {
		return f.Name == g.Name && f.Offset == g.Offset && f.BitOffset == g.BitOffset && f.BitSize == g.BitSize && f.Type.Equal(g.Type)
	})
}
