package readable

import (
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// arm is a member of a union of which an enum beside it has the name: of the members that share their place, it is the one that a record
// holds whose enum says so.
type arm struct {
	enum  *decode.Field
	value uint64
}

// holds reports whether rec holds the arm.
func (a *arm) holds(rec []byte) bool {
	v, ok := a.enum.Bits(rec)
	return !ok || v == a.value
}

// arms finds the members of anonymous unions whose names are those of the enumerators of one enum.
func (f *Form) arms() {
	for i := range f.typ.Fields {
		if enum := &f.typ.Fields[i]; enum.Type.Kind == decode.Enum && enum.BitSize == 0 {
			f.armsOf(enum)
		}
	}
}

func (f *Form) armsOf(enum *decode.Field) {
	shared := make(map[int][]int) // structs by their place
	for i := range f.typ.Fields {
		if field := &f.typ.Fields[i]; field.Type.Kind == decode.Struct {
			shared[field.Offset] = append(shared[field.Offset], i)
		}
	}
	for _, members := range shared {
		named := make(map[int]*arm)
		for _, i := range members {
			for _, e := range enum.Type.Enumerators {
				if strings.EqualFold(e.Name, f.typ.Fields[i].Name) {
					named[i] = &arm{enum, e.Value}
				}
			}
		}
		if len(members) < 2 || len(named) < len(members) {
			continue
		}
		for i, a := range named {
			f.fields[i].arm = a
		}
	}
}

// Holds reports whether rec, the struct, holds member i: of the arms of a union, it does not hold those that an enum of the struct does not name.
func (f *Form) Holds(i int, rec []byte) bool {
	return f == nil || f.fields[i].arm == nil || f.fields[i].arm.holds(rec)
}

// Arm reports whether some records do not hold member i.
func (f *Form) Arm(i int) bool { return f != nil && f.fields[i].arm != nil }
