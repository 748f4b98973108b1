package decode

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	oldrand "math/rand" // what testing/quick takes
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/quick"

	"github.com/cilium/ebpf/btf"
)

// What encoding/binary writes of a Go value is read back through JSON: the same value.
func TestAgainstEncodingBinary(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		goType, btfType := randomType(rng, 0)
		value, ok := quick.Value(goType, oldrand.New(oldrand.NewSource(int64(seed))))
		if !ok {
			t.Fatalf("seed %d: no value of %s", seed, goType)
		}
		if err := roundTrip(value, btfType); err != nil {
			t.Errorf("seed %d: %s: %v", seed, goType, err)
		}
	}
}

// roundTrip encodes value, whose layout is btfType, and reads it back.
func roundTrip(value reflect.Value, btfType btf.Type) error {
	var record bytes.Buffer
	if err := binary.Write(&record, binary.NativeEndian, value.Interface()); err != nil {
		return err
	}
	typ, err := New(btfType)
	if err != nil {
		return err
	}
	if typ.Size != record.Len() {
		return fmt.Errorf("size is %d, want %d", typ.Size, record.Len())
	}
	got := reflect.New(value.Type())
	text := typ.AppendJSON(nil, record.Bytes())
	if err := json.Unmarshal(text, got.Interface()); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	if want := value.Interface(); !reflect.DeepEqual(got.Elem().Interface(), want) {
		return fmt.Errorf("got %+v, want %+v", got.Elem().Interface(), want)
	}
	return nil
}

var scalars = []struct {
	goType  reflect.Type
	btfType btf.Type
}{
	{reflect.TypeFor[uint8](), &btf.Int{Name: "__u8", Size: 1}},
	{reflect.TypeFor[int8](), &btf.Int{Name: "signed char", Size: 1, Encoding: btf.Signed}},
	{reflect.TypeFor[uint16](), &btf.Int{Name: "__u16", Size: 2}},
	{reflect.TypeFor[int16](), &btf.Int{Name: "short", Size: 2, Encoding: btf.Signed}},
	{reflect.TypeFor[uint32](), &btf.Typedef{Name: "__u32", Type: &btf.Const{Type: &btf.Int{Name: "unsigned int", Size: 4}}}},
	{reflect.TypeFor[int32](), &btf.Volatile{Type: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}}},
	{reflect.TypeFor[uint64](), &btf.Int{Name: "__u64", Size: 8}},
	{reflect.TypeFor[int64](), &btf.Int{Name: "long", Size: 8, Encoding: btf.Signed}},
	{reflect.TypeFor[bool](), &btf.Int{Name: "_Bool", Size: 1, Encoding: btf.Bool}},
	{reflect.TypeFor[float32](), &btf.Float{Name: "float", Size: 4}},
	{reflect.TypeFor[float64](), &btf.Float{Name: "double", Size: 8}},
	{reflect.TypeFor[int32](), &btf.Enum{Name: "e", Size: 4, Signed: true}},
}

// randomType returns one packed type, as Go has it and as BTF has it.
func randomType(rng *rand.Rand, depth int) (reflect.Type, btf.Type) {
	if depth > 0 {
		switch rng.IntN(6) {
		case 0:
			n := rng.IntN(5)
			if depth > 3 {
				n = 1
			}
			elem, btfElem := randomType(rng, depth+1)
			return reflect.ArrayOf(n, elem), &btf.Array{Type: btfElem, Nelems: uint32(n)}
		case 1:
		default:
			s := scalars[rng.IntN(len(scalars))]
			return s.goType, s.btfType
		}
	}
	n := 1 + rng.IntN(12) // more than few as well
	if depth > 3 {
		n = 1
	}
	members := make([]btf.Member, n)
	fields := make([]reflect.StructField, n)
	size := uint32(0)
	for i := range n {
		f, m := randomType(rng, depth+1)
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: f}
		members[i] = btf.Member{Name: fields[i].Name, Type: m, Offset: btf.Bits(8 * size)}
		s, err := btf.Sizeof(m)
		if err != nil {
			panic(err)
		}
		size += uint32(s)
	}
	return reflect.StructOf(fields), &btf.Struct{Name: "s", Size: size, Members: members}
}
