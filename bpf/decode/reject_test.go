package decode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

func structOf(name string, size uint32, members ...btf.Member) *btf.Struct {
	return &btf.Struct{Name: name, Size: size, Members: members}
}

// BTF that contradicts itself or asks for too much is refused, in a sentence that says where.
func TestNewRefuses(t *testing.T) {
	itself := structOf("itself", 8)
	itself.Members = []btf.Member{{Name: "again", Type: &btf.Const{Type: itself}}}
	anonymously := structOf("itself", 8)
	anonymously.Members = []btf.Member{{Type: anonymously}, {Type: anonymously}}
	arrays := &btf.Array{Nelems: 1}
	arrays.Type = arrays
	circle := &btf.Typedef{Name: "circle"}
	circle.Type = circle

	deep := btf.Type(u8)
	for range 40 {
		deep = &btf.Array{Type: deep, Nelems: 1}
	}
	unions := btf.Type(u8) // as many values as 2^30 in one byte
	for i := range 30 {
		unions = &btf.Union{Name: fmt.Sprintf("u%d", i), Size: 1, Members: []btf.Member{{Name: "a", Type: unions}, {Name: "b", Type: unions}}}
	}
	flat := btf.Type(structOf("", 1, btf.Member{Name: "x", Type: u8}))
	for range 25 {
		flat = &btf.Union{Size: 1, Members: []btf.Member{{Type: flat}, {Type: flat}}}
	}

	tests := []struct {
		name string
		typ  btf.Type
		want string
	}{
		{"nothing", nil, "lay out void: void has no size"},
		{"void", (*btf.Void)(nil), "lay out void: void has no size"},
		{"forward declaration", &btf.Fwd{Name: "f", Kind: btf.FwdUnion}, "lay out union f: union f has no size"},
		{"function", &btf.Func{Name: "f", Type: &btf.FuncProto{}}, "lay out f: f has no size"},
		{"member without a size", structOf("s", 8, btf.Member{Name: "f", Type: &btf.Fwd{Name: "f"}}),
			"lay out struct s: member f: struct f has no size"},
		{"typedef of itself", circle, "lay out circle: typedefs and qualifiers go round in a circle"},
		{"struct in itself", itself, "lay out struct itself: member again: struct itself contains itself"},
		{"anonymously in itself", anonymously, "lay out struct itself: anonymous members are nested more than 32 deep"},
		{"array of itself", arrays, "contains itself"},
		{"deep", deep, "types are nested more than 32 deep"},
		{"exponential unions", unions, "has 511 values in 1 bytes"},
		{"exponential anonymous unions", flat, "more than 65536 members"},
		{"huge array", &btf.Array{Type: u64, Nelems: 1 << 28}, "lay out __u64[268435456]: __u64[268435456] has 268435456 elements of 8 bytes, more than 1073741824 bytes"},
		{"huge array of nothing", &btf.Array{Type: structOf("", 0), Nelems: 1 << 31}, "has 2147483649 values in 0 bytes"},
		{"huge array of arrays", &btf.Array{Type: &btf.Array{Type: u8, Nelems: 1 << 20}, Nelems: 1 << 20}, "more than 1073741824 bytes"},
		{"huge struct", structOf("s", 1<<31), "lay out struct s: struct s has 2147483648 bytes, more than 1073741824"},
		{"huge integer", &btf.Int{Name: "i", Size: 1 << 31}, "lay out i: i has 2147483648 bytes, more than 1073741824"},
		{"member behind the end", structOf("s", 8, btf.Member{Name: "a", Type: u64, Offset: 32}),
			"lay out struct s: member a: lies outside its struct"},
		{"flexible array behind the end", structOf("s", 8, btf.Member{Name: "a", Type: &btf.Array{Type: u8}, Offset: 72}),
			"lay out struct s: member a: lies outside its struct"},
		{"anonymous member behind the end", structOf("s", 8, btf.Member{Type: structOf("", 8), Offset: 8}),
			"lay out struct s: anonymous member: lies outside its struct"},
		{"bit field behind the end", structOf("s", 1, btf.Member{Name: "a", Type: u8, Offset: 4, BitfieldSize: 5}),
			"lay out struct s: member a: lies outside its struct"},
		{"inside a byte", structOf("s", 8, btf.Member{Name: "a", Type: u8, Offset: 3}),
			"lay out struct s: member a: starts at bit 3, inside a byte"},
		{"bit field of more bits than its type", structOf("s", 8, btf.Member{Name: "a", Type: u8, BitfieldSize: 9}),
			"lay out struct s: member a: a bit field of 9 bits cannot be of type unsigned char"},
		{"bit field of no number", structOf("s", 8, btf.Member{Name: "a", Type: structOf("t", 8), BitfieldSize: 3}),
			"lay out struct s: member a: a bit field of 3 bits cannot be of type struct t"},
		{"name that would break lines", structOf("s\n", 1, btf.Member{Name: "a\nb", Type: u8}),
			`lay out struct s\n: member "a\nb" is no identifier`},
		{"enumerator that would break JSON", &btf.Enum{Name: "e", Size: 4, Values: []btf.EnumValue{{Name: `"`}}},
			`lay out enum e: enumerator "\"" is no identifier`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ, err := New(tt.typ)
			if err == nil {
				t.Fatalf("accepted as %s", typ.Name)
			}
			if !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("got %q, want %q", err, tt.want)
			}
		})
	}
}

// What looks odd but has a meaning is accepted.
func TestNewAccepts(t *testing.T) {
	list := structOf("list", 8)
	list.Members = []btf.Member{{Name: "next", Type: &btf.Pointer{Target: list}}}
	pointers := &btf.Pointer{}
	pointers.Target = pointers
	tests := []struct {
		name string
		typ  btf.Type
		want string // fields
	}{
		{"empty struct", structOf("s", 0), ""},
		{"pointer to itself", list, "next:struct list *"},
		{"pointer to a pointer to a pointer", structOf("s", 8, btf.Member{Name: "p", Type: pointers}), "p:... " + strings.Repeat("*", 33)},
		{"pointer to what has no size", structOf("s", 8, btf.Member{Name: "p", Type: &btf.Pointer{}}), "p:void *"},
		{"padding", structOf("s", 8, btf.Member{Type: u32}, btf.Member{Name: "a", Type: u32, Offset: 32}), "a:__u32"},
		{"the first of a name", structOf("s", 8, btf.Member{Name: "a", Type: u32}, btf.Member{Name: "a", Type: s32, Offset: 32}), "a:__u32"},
		{"function pointers", structOf("s", 32,
			btf.Member{Name: "f", Type: &btf.Array{Type: &btf.Pointer{Target: &btf.FuncProto{Return: s32}}, Nelems: 2}},
			btf.Member{Name: "g", Type: &btf.Pointer{Target: &btf.Pointer{Target: &btf.FuncProto{Return: (*btf.Void)(nil)}}}, Offset: 128},
		), "f:int (*[2])() g:void (**)()"},
		{"qualifiers and tags", structOf("s", 8, btf.Member{Name: "a",
			Type: &btf.TypeTag{Value: "t", Type: &btf.Restrict{Type: &btf.Volatile{Type: &btf.Typedef{Name: "x", Type: &btf.Const{Type: u32}}}}}}), "a:x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fields []string
			for _, f := range layout(t, tt.typ).Fields {
				fields = append(fields, f.Name+":"+f.Type.Name)
			}
			if got := strings.Join(fields, " "); got != tt.want {
				t.Errorf("fields are %q, want %q", got, tt.want)
			}
		})
	}
}
