package bpf

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// changed says what is different between the definition of a map and what it was; "" where what the old one holds
// can be used as it is.
func changed(is, was *ebpf.MapSpec) string {
	switch {
	case is.Type != was.Type:
		return fmt.Sprintf("it is of type %s, and was of type %s", mapTypeName(is.Type), mapTypeName(was.Type))
	case is.KeySize != was.KeySize:
		return fmt.Sprintf("its key is %d bytes, and was %d", is.KeySize, was.KeySize)
	case is.ValueSize != was.ValueSize:
		return fmt.Sprintf("its value is %d bytes, and was %d", is.ValueSize, was.ValueSize)
	case is.MaxEntries != was.MaxEntries:
		return fmt.Sprintf("it has room for %d, and had for %d", is.MaxEntries, was.MaxEntries)
	case is.Flags != was.Flags:
		return fmt.Sprintf("its flags are %#x, and were %#x", is.Flags, was.Flags)
	case is.NumaNode != was.NumaNode:
		return "it lies on another node"
	case !sameType(is.Key, was.Key):
		return "its key is of another type"
	case !sameType(is.Value, was.Value):
		return "its value is of another type"
	case !sameContents(is.Contents, was.Contents):
		return "it begins with other values"
	case is.InnerMap == nil != (was.InnerMap == nil):
		return "the maps in it are others"
	case is.InnerMap != nil && changed(is.InnerMap, was.InnerMap) != "":
		return "of the maps in it, " + changed(is.InnerMap, was.InnerMap)
	case is.InnerMap != nil && len(is.Contents) > 0:
		return "it holds other maps of the object"
	}
	return ""
}

// sameContents compares what maps begin with: the values of global variables, and what C code initializes.
func sameContents(a, b []ebpf.MapKV) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !reflect.DeepEqual(a[i].Key, b[i].Key) {
			return false
		}
		x, ok := a[i].Value.([]byte)
		y, okToo := b[i].Value.([]byte)
		if ok && okToo {
			if !bytes.Equal(x, y) {
				return false
			}
			continue
		}
		if !reflect.DeepEqual(a[i].Value, b[i].Value) {
			return false
		}
	}
	return true
}

// sameType reports whether values of type b mean the same as values of type a: the same layout with the same names.
func sameType(a, b btf.Type) bool {
	c := comparison{seen: make(map[[2]btf.Type]bool)}
	return c.same(a, b)
}

// comparison is one of sameType. seen has pairs that are compared already, since types may name themselves.
type comparison struct{ seen map[[2]btf.Type]bool }

func (c *comparison) same(a, b btf.Type) bool {
	if a == nil || b == nil {
		return a == b
	}
	pair := [2]btf.Type{a, b}
	if a == b || c.seen[pair] {
		return true
	}
	c.seen[pair] = true
	if reflect.TypeOf(a) != reflect.TypeOf(b) || a.TypeName() != b.TypeName() {
		return false
	}
	switch x := a.(type) {
	case *btf.Int:
		y := b.(*btf.Int)
		return x.Size == y.Size && x.Encoding == y.Encoding
	case *btf.Float:
		return x.Size == b.(*btf.Float).Size
	case *btf.Pointer:
		return true // an address is no more than that to who reads it
	case *btf.Array:
		y := b.(*btf.Array)
		return x.Nelems == y.Nelems && c.same(x.Type, y.Type)
	case *btf.Struct:
		y := b.(*btf.Struct)
		return x.Size == y.Size && c.sameMembers(x.Members, y.Members)
	case *btf.Union:
		y := b.(*btf.Union)
		return x.Size == y.Size && c.sameMembers(x.Members, y.Members)
	case *btf.Enum:
		y := b.(*btf.Enum)
		return x.Size == y.Size && x.Signed == y.Signed && keepsValues(x, y)
	case *btf.Typedef:
		return c.same(x.Type, b.(*btf.Typedef).Type)
	case *btf.Volatile:
		return c.same(x.Type, b.(*btf.Volatile).Type)
	case *btf.Const:
		return c.same(x.Type, b.(*btf.Const).Type)
	case *btf.Restrict:
		return c.same(x.Type, b.(*btf.Restrict).Type)
	case *btf.TypeTag:
		return c.same(x.Type, b.(*btf.TypeTag).Type)
	case *btf.Var:
		return c.same(x.Type, b.(*btf.Var).Type)
	case *btf.Datasec:
		y := b.(*btf.Datasec)
		if x.Size != y.Size || len(x.Vars) != len(y.Vars) {
			return false
		}
		for i := range x.Vars {
			if x.Vars[i].Offset != y.Vars[i].Offset || x.Vars[i].Size != y.Vars[i].Size || !c.same(x.Vars[i].Type, y.Vars[i].Type) {
				return false
			}
		}
	}
	return true
}

func (c *comparison) sameMembers(a, b []btf.Member) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Offset != b[i].Offset || a[i].BitfieldSize != b[i].BitfieldSize || !c.same(a[i].Type, b[i].Type) {
			return false
		}
	}
	return true
}

// keepsValues reports whether every name of the enum was has its number in the enum is. Further names change no value that is there.
func keepsValues(is, was *btf.Enum) bool {
	numbers := make(map[string]uint64, len(is.Values))
	for _, v := range is.Values {
		numbers[v.Name] = v.Value
	}
	for _, v := range was.Values {
		if n, ok := numbers[v.Name]; !ok || n != v.Value {
			return false
		}
	}
	return true
}
