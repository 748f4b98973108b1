package decode

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// object is testdata/values.c, compiled.
type object struct {
	spec *btf.Spec
	data map[string][]byte // of the variables
}

// compile compiles testdata/values.c for bpfel or bpfeb.
func compile(t *testing.T, target string) *object {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err != nil {
		if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
			t.Fatal(err)
		}
		t.Skipf("needs clang: %v", err)
	}
	file := filepath.Join(t.TempDir(), "values.o")
	cmd := exec.Command(clang, "-target", target, "-g", "-O2", "-Wall", "-Werror", "-c", "testdata/values.c", "-o", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	spec, err := btf.LoadSpec(file)
	if err != nil {
		t.Fatal(err)
	}
	return &object{spec, variables(t, file)}
}

// variables returns the initial values of all variables of an object.
func variables(t *testing.T, file string) map[string][]byte {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	data := make(map[string][]byte)
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) != elf.STT_OBJECT {
			continue
		}
		b, err := f.Sections[s.Section].Data()
		if err != nil {
			t.Fatal(err)
		}
		data[s.Name] = b[s.Value : s.Value+s.Size]
	}
	return data
}

// layout returns the layout of variable name.
func (o *object) layout(t *testing.T, name string) *Type {
	t.Helper()
	return o.layoutOrder(t, name, bigEndian)
}

func (o *object) layoutOrder(t *testing.T, name string, big bool) *Type {
	t.Helper()
	var v *btf.Var
	if err := o.spec.TypeByName(name, &v); err != nil {
		t.Fatal(err)
	}
	b := builder{types: make(map[btf.Type]*Type), big: big}
	typ, err := b.build(v.Type, 0)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func nativeTarget() string {
	if bigEndian {
		return "bpfeb"
	}
	return "bpfel"
}

// What the C compiler stored is what is read.
func TestCompiled(t *testing.T) {
	o := compile(t, nativeTarget())
	tests := []struct {
		name, typ  string
		text, json string
	}{
		{
			"integers", "struct integers",
			`{u8=255, s8=-128, u16=65535, s16=-32768, u32=4294967295, s32=-2147483648, ` +
				`u64=18446744073709551615, s64=-9223372036854775808, yes=true, no=false, c=-1, pid=4194304}`,
			`{"u8":255,"s8":-128,"u16":65535,"s16":-32768,"u32":4294967295,"s32":-2147483648,` +
				`"u64":18446744073709551615,"s64":-9223372036854775808,"yes":true,"no":false,"c":-1,"pid":4194304}`,
		},
		{
			"bits", "struct bits",
			`{a=5, b=100, c=-16, d=131071, e=-4294967296, f=2147483647, g=true, h=false, i=-2, plain=4660}`,
			`{"a":5,"b":100,"c":-16,"d":131071,"e":-4294967296,"f":2147483647,"g":true,"h":false,"i":-2,"plain":4660}`,
		},
		{
			"packed_bits", "struct packed_bits",
			`{a=1, b=9305357566071262703, c=-2, d=7}`,
			`{"a":1,"b":9305357566071262703,"c":-2,"d":7}`,
		},
		{
			"enums", "struct enums",
			`{allow=ALLOW, deny=DENY, unnamed=77, small=DENY, wide=9223372036854775808}`,
			`{"allow":"ALLOW","deny":"DENY","unnamed":77,"small":"DENY","wide":9223372036854775808}`,
		},
		{
			"text", "struct text",
			`{comm="bash", full="abcd", named="name", constant="abc", lines=["first", "two"], ` +
				`escapes="q\" b\\ n\n x\x01\xff", bytes=[1, 2, 255], sbytes=[-1, 1], ubytes=[97, 98]}`,
			`{"comm":"bash","full":"abcd","named":"name","constant":"abc","lines":["first","two"],` +
				`"escapes":"q\" b\\ n\n x\u0001` + "\ufffd" + `","bytes":[1,2,255],"sbytes":[-1,1],"ubytes":[97,98]}`,
		},
		{
			"nested", "struct nested",
			`{in={x=1, y=2}, many=[{x=3, y=4}, {x=5, y=6}], a=7, b=553650440, c=2312, d=0, e=0, ` +
				`addr={v4=67305985, v6=[1, 2, 3, 4]}, nothing={}, grid=[[1, 2, 3], [-4, -5, -6]], f=1.5, g=0.1}`,
			`{"in":{"x":1,"y":2},"many":[{"x":3,"y":4},{"x":5,"y":6}],"a":7,"b":553650440,"c":2312,"d":0,"e":0,` +
				`"addr":{"v4":67305985,"v6":[1,2,3,4]},"nothing":{},"grid":[[1,2,3],[-4,-5,-6]],"f":1.5,"g":0.1}`,
		},
		{
			"list", "struct list",
			`{next=0xffff888000001234, fn=0x0, name=0x10}`,
			`{"next":"0xffff888000001234","fn":"0x0","name":"0x10"}`,
		},
		{
			"flexible", "struct flexible",
			`{n=4, tail=[10, 20, 30, 40]}`, `{"n":4,"tail":[10,20,30,40]}`,
		},
		{
			"flexible_text", "struct flexible_text",
			`{n=5, tail="hello"}`, `{"n":5,"tail":"hello"}`,
		},
		{
			"wrapped", "struct wrapped",
			`{zero=[], n=1, empty={}, tail=[9, 0], first=9}`, `{"zero":[],"n":1,"empty":{},"tail":[9,0],"first":9}`,
		},
		{
			"huge", "huge_t",
			`{big=01000000000000000000000000000000}`, `{"big":"01000000000000000000000000000000"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ, b := o.layout(t, tt.name), o.data[tt.name]
			if typ.Name != tt.typ {
				t.Errorf("the type is called %q, want %q", typ.Name, tt.typ)
			}
			if got := string(typ.AppendText(nil, b)); got != tt.text {
				t.Errorf("text\n got %s\nwant %s", got, tt.text)
			}
			got := typ.AppendJSON(nil, b)
			if string(got) != tt.json {
				t.Errorf("JSON\n got %s\nwant %s", got, tt.json)
			}
			if !json.Valid(got) {
				t.Error("JSON is not valid")
			}
		})
	}
}

// A big-endian machine keeps bit fields elsewhere in memory, and counts them from the other end.
func TestCompiledBitFieldsBigEndian(t *testing.T) {
	o := compile(t, "bpfeb")
	want := map[string]map[string]int64{
		"bits":        {"a": 5, "b": 100, "c": -16, "d": 131071, "e": -4294967296, "f": 2147483647, "g": 1, "h": 0, "i": -2},
		"packed_bits": {"a": 1, "b": -9141386507638288913, "c": -2},
	}
	for name, fields := range want {
		typ := o.layoutOrder(t, name, true)
		for field, want := range fields {
			f := typ.Field(field)
			if v, ok := f.Bits(o.data[name]); !ok || int64(v) != want {
				t.Errorf("%s.%s is %d, %t, want %d", name, field, int64(v), ok, want)
			}
		}
	}
}

func TestFields(t *testing.T) {
	o := compile(t, nativeTarget())
	nested := o.layout(t, "nested")
	tests := []struct {
		name   string
		typ    string
		kind   Kind
		offset int
	}{
		{"in", "struct inner", Struct, 0},
		{"many", "struct inner[2]", Array, 8},
		{"a", "__u8", Uint, 24},
		{"b", "__u32", Uint, 28},
		{"c", "__be16", Uint, 28},
		{"addr", "union {...}", Union, 32},
		{"nothing", "struct {...}", Struct, 36},
		{"grid", "__s16[2][3]", Array, 36},
		{"f", "float", Float, 48},
		{"g", "double", Float, 56},
	}
	for _, tt := range tests {
		f := nested.Field(tt.name)
		if f == nil {
			t.Errorf("%s is missing", tt.name)
			continue
		}
		if f.Type.Name != tt.typ || f.Type.Kind != tt.kind || f.Offset != tt.offset || f.BitSize != 0 {
			t.Errorf("%s is %s of kind %d at %d, bits %d, want %s of kind %d at %d",
				tt.name, f.Type.Name, f.Type.Kind, f.Offset, f.BitSize, tt.typ, tt.kind, tt.offset)
		}
	}
	if f := nested.Field("d"); f.BitSize != 4 || f.Type.Size != 1 {
		t.Errorf("d has %d bits of %d bytes, want 4 of 1", f.BitSize, f.Type.Size)
	}
	if f := nested.Field("absent"); f != nil {
		t.Errorf("absent is %v", f)
	}

	list := o.layout(t, "list")
	for field, want := range map[string]string{"next": "struct list *", "fn": "void (*)()", "name": "char *"} {
		if got := list.Field(field).Type.Name; got != want {
			t.Errorf("%s is of type %s, want %s", field, got, want)
		}
	}
}
