package decode

import (
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf/btf"
)

var (
	u8    = &btf.Int{Name: "unsigned char", Size: 1}
	u16   = &btf.Int{Name: "unsigned short", Size: 2}
	u32   = &btf.Typedef{Name: "__u32", Type: &btf.Int{Name: "unsigned int", Size: 4}}
	s32   = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	u64   = &btf.Typedef{Name: "__u64", Type: &btf.Int{Name: "unsigned long long", Size: 8}}
	char  = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	event = &btf.Struct{
		Name: "event",
		Size: 40,
		Members: []btf.Member{
			{Name: "ts", Type: u64},
			{Name: "pid", Type: u32, Offset: 64},
			{Name: "uid", Type: u32, Offset: 96},
			{Name: "ret", Type: s32, Offset: 128},
			{Name: "comm", Type: &btf.Array{Type: char, Nelems: 16}, Offset: 160},
			{Name: "flags", Type: &btf.Array{Type: u16, Nelems: 2}, Offset: 288},
		},
	}
)

// layout returns the layout of t.
func layout(t testing.TB, typ btf.Type) *Type {
	t.Helper()
	l, err := New(typ)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// record returns an event.
func record() []byte {
	b := binary.NativeEndian.AppendUint64(nil, 1234567890123456789)
	b = binary.NativeEndian.AppendUint32(b, 4242)
	b = binary.NativeEndian.AppendUint32(b, 1000)
	b = binary.NativeEndian.AppendUint32(b, 0xfffffffe)
	b = append(b, "bash\x00stale bytes"...)
	b = binary.NativeEndian.AppendUint16(b, 7)
	return binary.NativeEndian.AppendUint16(b, 8)
}

// What a truncated record lacks is absent; arrays and strings have what is there.
func TestTruncated(t *testing.T) {
	typ, whole := layout(t, event), record()
	const numbers = "{ts=1234567890123456789, pid=4242, uid=1000, ret=-2"
	tests := map[int]string{
		0:  "{}",
		7:  "{}",
		8:  "{ts=1234567890123456789}",
		15: "{ts=1234567890123456789, pid=4242}",
		20: numbers + `, comm=""}`,
		22: numbers + `, comm="ba"}`,
		35: numbers + `, comm="bash"}`,
		36: numbers + `, comm="bash", flags=[]}`,
		39: numbers + `, comm="bash", flags=[7]}`,
		40: numbers + `, comm="bash", flags=[7, 8]}`,
		48: numbers + `, comm="bash", flags=[7, 8]}`,
	}
	for n, want := range tests {
		b := append(whole[:min(n, len(whole)):len(whole)], make([]byte, max(0, n-len(whole)))...)
		if got := string(typ.AppendText(nil, b[:n:n])); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
	for n := range whole {
		b := whole[:n:n]
		for i := range typ.Fields {
			f := &typ.Fields[i]
			_, ok := f.Bits(b)
			if want := n >= f.Offset+f.Type.Size && f.Type.Kind <= Uint; ok != want {
				t.Errorf("%d bytes have %s: %t, want %t", n, f.Name, ok, want)
			}
		}
	}
}

// A truncated struct within another has the members that are there.
func TestTruncatedNested(t *testing.T) {
	inner := &btf.Struct{Name: "inner", Size: 8, Members: []btf.Member{{Name: "a", Type: u32}, {Name: "b", Type: u32, Offset: 32}}}
	typ := layout(t, &btf.Struct{Name: "outer", Size: 12, Members: []btf.Member{
		{Name: "n", Type: u32},
		{Name: "in", Type: inner, Offset: 32},
	}})
	b := binary.NativeEndian.AppendUint32(nil, 1)
	b = binary.NativeEndian.AppendUint32(b, 2)
	for n, want := range map[int]string{4: "{n=1}", 6: "{n=1, in={}}", 8: "{n=1, in={a=2}}"} {
		if got := string(typ.AppendText(nil, b[:n])); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
}

func TestFieldAppendText(t *testing.T) {
	typ, b := layout(t, event), record()
	for name, want := range map[string]string{"ret": "-2", "comm": `"bash"`, "flags": "[7, 8]"} {
		if got := string(typ.Field(name).AppendText(nil, b)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if got := string(typ.Field(name).AppendText(nil, b[:10])); got != "?" {
			t.Errorf("%s of a truncated record: got %s, want ?", name, got)
		}
	}
}

func TestAppendTextOrdered(t *testing.T) {
	typ := layout(t, event)
	got := string(typ.AppendTextOrdered([]byte("event "), record(), []int{4, 1}))
	if want := `event {comm="bash", pid=4242}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(typ.AppendTextOrdered(nil, record(), []int{})); got != "{}" {
		t.Errorf("no members: got %s", got)
	}
}

// A value need not be a struct: map keys and values are often numbers.
func TestValues(t *testing.T) {
	long := &btf.Int{Name: "__int128", Size: 16, Encoding: btf.Signed}
	tests := []struct {
		name       string
		typ        btf.Type
		bytes      string
		text, json string
	}{
		{"number", u32, "\x01\x01\x01\x01", "16843009", "16843009"},
		{"short number", u32, "\x01\x01\x01", "?", "null"},
		{"no bytes", u8, "", "?", "null"},
		{"string", &btf.Array{Type: char, Nelems: 4}, "ab\x00d", `"ab"`, `"ab"`},
		{"array", &btf.Array{Type: u8, Nelems: 3}, "\x01\x02\x03", "[1, 2, 3]", "[1,2,3]"},
		{"opaque", long, "0123456789abcdef", "30313233343536373839616263646566", `"30313233343536373839616263646566"`},
		{"short opaque", long, "0123", "?", "null"},
		{"not a number", &btf.Float{Name: "double", Size: 8}, "\xff\xff\xff\xff\xff\xff\xff\xff", "NaN", "null"},
		{"short float", &btf.Float{Name: "double", Size: 8}, "", "?", "null"},
		{"long double", &btf.Float{Name: "long double", Size: 16}, "0123456789abcdef", "30313233343536373839616263646566", `"30313233343536373839616263646566"`},
		{"true", &btf.Int{Name: "_Bool", Size: 1, Encoding: btf.Bool}, "\x02", "true", "true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ := layout(t, tt.typ)
			if got := string(typ.AppendText(nil, []byte(tt.bytes))); got != tt.text {
				t.Errorf("text: got %s, want %s", got, tt.text)
			}
			if got := string(typ.AppendJSON(nil, []byte(tt.bytes))); got != tt.json {
				t.Errorf("JSON: got %s, want %s", got, tt.json)
			}
		})
	}
}

func TestEnum(t *testing.T) {
	many := make([]btf.EnumValue, 20)
	for i := range many {
		many[i] = btf.EnumValue{Name: "E" + string(rune('A'+i)), Value: uint64(i)}
	}
	many[19].Value = 3 // a second name for it
	tests := []struct {
		name string
		enum *btf.Enum
		want map[uint64]string
	}{
		{"signed", &btf.Enum{Size: 4, Signed: true, Values: []btf.EnumValue{{Name: "MINUS", Value: 1<<64 - 1}, {Name: "ONE", Value: 1}}},
			map[uint64]string{1<<64 - 1: "MINUS", 1: "ONE", 0: ""}},
		{"64 bits", &btf.Enum{Size: 8, Values: []btf.EnumValue{{Name: "BIG", Value: 1 << 40}, {Name: "ONE", Value: 1}}},
			map[uint64]string{1 << 40: "BIG", 1: "ONE", 0: ""}},
		// BIG was 1 << 40 before clang 14 cut it.
		{"64 bits cut to 32", &btf.Enum{Size: 8, Values: []btf.EnumValue{{Name: "BIG", Value: 0}, {Name: "ONE", Value: 1}}},
			map[uint64]string{1 << 40: "", 1: "", 0: ""}},
		{"many", &btf.Enum{Size: 4, Values: many},
			map[uint64]string{0: "EA", 3: "ED", 18: "ES", 19: ""}},
		{"no names", &btf.Enum{Size: 4}, map[uint64]string{0: ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ := layout(t, tt.enum)
			for v, want := range tt.want {
				if got := typ.Enumerator(v); got != want {
					t.Errorf("%d is %q, want %q", v, got, want)
				}
			}
		})
	}
	signed := layout(t, tests[0].enum)
	if v, ok := signed.Bits([]byte{0xff, 0xff, 0xff, 0xff}); !ok || signed.Enumerator(v) != "MINUS" {
		t.Errorf("four bytes of 0xff are %d, %t, which is no MINUS", v, ok)
	}
}
