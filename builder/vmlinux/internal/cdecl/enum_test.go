package cdecl

import (
	"math"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// specOf returns types as a kernel would have them.
func specOf(t testing.TB, types ...btf.Type) *btf.Spec {
	t.Helper()
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// Clang 14 does not write the sign of enums, nor those of 64 bits, so these come from here.
func TestEnumKeepsSizeAndSign(t *testing.T) {
	const minus = math.MaxUint64
	enum := func(size uint32, signed bool, values ...btf.EnumValue) *btf.Enum {
		return &btf.Enum{Name: "e", Size: size, Signed: signed, Values: values}
	}
	for _, test := range []struct {
		name        string
		base, other *btf.Enum
		use         string
		lacks       string
	}{
		{
			name:  "negative into unsigned",
			base:  enum(4, false, btf.EnumValue{Name: "MAX", Value: math.MaxUint32}),
			other: enum(4, true, btf.EnumValue{Name: "LOST", Value: minus}, btf.EnumValue{Name: "FITS", Value: 3}),
			use:   `_Static_assert(sizeof(enum e) == 4 && (enum e)-1 > 0 && FITS == 3, "type");`,
			lacks: "LOST",
		},
		{
			name:  "too large for signed",
			base:  enum(4, true, btf.EnumValue{Name: "MIN", Value: minus}),
			other: enum(4, false, btf.EnumValue{Name: "LOST", Value: 1 << 31}, btf.EnumValue{Name: "FITS", Value: 1<<31 - 1}),
			use:   `_Static_assert(sizeof(enum e) == 4 && (enum e)-1 < 0 && MIN == -1 && FITS == 0x7fffffff, "type");`,
			lacks: "LOST",
		},
		{
			name:  "64 bits into 32",
			base:  enum(4, false, btf.EnumValue{Name: "A", Value: 1}),
			other: enum(8, false, btf.EnumValue{Name: "LOST", Value: 1 << 40}),
			use:   `_Static_assert(sizeof(enum e) == 4, "type");`,
			lacks: "LOST",
		},
		{
			name:  "64 bits",
			base:  enum(8, false, btf.EnumValue{Name: "SMALL", Value: 1}),
			other: enum(8, false, btf.EnumValue{Name: "TOP", Value: math.MaxUint64}),
			use:   `_Static_assert(sizeof(enum e) == 8 && TOP == 0xffffffffffffffffUL, "type");`,
			lacks: "LOST",
		},
		{
			name:  "a byte",
			base:  enum(1, false, btf.EnumValue{Name: "SMALL", Value: 1}),
			other: enum(4, false, btf.EnumValue{Name: "LOST", Value: 256}, btf.EnumValue{Name: "FITS", Value: 255}),
			use:   `_Static_assert(sizeof(enum e) == 1 && FITS == 255, "type");`,
			lacks: "LOST",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, text := mergeSpecs(t, specOf(t, test.base, holder), specOf(t, test.other))
			if strings.Contains(text, test.lacks) {
				t.Errorf("the header has %s:\n%s", test.lacks, text)
			}
			clang(t, text+test.use)
		})
	}
}

// holder is a struct, for the header's attribute to apply to.
var holder = &btf.Struct{Name: "holder", Size: 1, Members: []btf.Member{
	{Name: "a", Type: &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}},
}}
