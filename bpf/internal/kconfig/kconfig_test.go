package kconfig

import (
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

var (
	boolean  = &btf.Int{Name: "bool", Size: 1, Encoding: btf.Bool}
	char     = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	u16      = &btf.Int{Name: "u16", Size: 2}
	s32      = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	u64      = &btf.Typedef{Name: "u64", Type: &btf.Int{Name: "unsigned long", Size: 8}}
	tristate = &btf.Enum{Name: "libbpf_tristate", Size: 4}
	text     = &btf.Array{Index: s32, Type: char, Nelems: 5}
)

func TestOption(t *testing.T) {
	for _, tc := range []struct {
		value string
		typ   btf.Type
		want  string // the bytes; or the error, in capitals
	}{
		{"y", boolean, "\x01"},
		{"n", boolean, "\x00"},
		{"m", boolean, "ERROR"},
		{"m", tristate, "\x02\x00\x00\x00"},
		{"y", tristate, "\x01\x00\x00\x00"},
		{"y", &btf.Enum{Name: "other", Size: 4}, "ERROR"},
		{"y", char, "y"},
		{"y", u64, "ERROR"},
		{"250", u64, "\xfa\x00\x00\x00\x00\x00\x00\x00"},
		{"0x10", u16, "\x10\x00"},
		{"65536", u16, "ERROR"},
		{"-1", s32, "\xff\xff\xff\xff"},
		{"-1", u16, "ERROR"},
		{"250", text, "ERROR"},
		{`"ab"`, text, "ab\x00\x00\x00"},
		{`"abcdefgh"`, text, "abcd\x00"},
		{`"ab"`, s32, "ERROR"},
	} {
		t.Run(tc.value+" "+tc.typ.TypeName(), func(t *testing.T) {
			size, err := btf.Sizeof(tc.typ)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]byte, size)
			err = putOption(out, tc.typ, tc.value)
			switch {
			case tc.want == "ERROR" && err == nil:
				t.Errorf("no error, but %q", out)
			case tc.want != "ERROR" && (err != nil || string(out) != tc.want):
				t.Errorf("got %q, %v, want %q", out, err, tc.want)
			}
		})
	}
}

func TestParseOptions(t *testing.T) {
	options := map[string]string{"CONFIG_A": "", "CONFIG_B": "", "CONFIG_C": ""}
	source := "# a comment\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"x=y\"\nCONFIG_A=n\nCONFIG_D=m\n"
	if err := parseOptions(strings.NewReader(source), options); err != nil {
		t.Fatal(err)
	}
	if options["CONFIG_A"] != "y" || options["CONFIG_B"] != "" || options["CONFIG_C"] != `"x=y"` || len(options) != 3 {
		t.Errorf("got %q", options)
	}
}

func TestNoValue(t *testing.T) {
	for name, want := range map[string]string{
		"LINUX_HAS_WINGS": "give LINUX_HAS_WINGS a value: it is nothing that ebpfx knows of a kernel; declare it __weak for it to be 0",
	} {
		_, err := Values([]Variable{{Name: name, Type: s32, Size: 4}}, 8)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		got, err := Values([]Variable{{Name: name, Type: s32, Size: 4, Weak: true}}, 8)
		if err != nil || len(got) != 8 || got[0] != 0 {
			t.Errorf("weak: got %v, %v", got, err)
		}
	}
}

func TestLayout(t *testing.T) {
	section := &btf.Datasec{Vars: []btf.VarSecinfo{
		{Type: &btf.Var{Name: "a", Type: char}}, {Type: &btf.Var{Name: "b", Type: text}}, {Type: &btf.Var{Name: "c", Type: u64}},
	}}
	variables, size, err := Layout(section, map[string]bool{"b": true})
	if err != nil {
		t.Fatal(err)
	}
	if size != 24 || len(variables) != 3 || variables[1].Offset != 8 || !variables[1].Weak || variables[2].Offset != 16 || variables[2].Size != 8 {
		t.Errorf("got %+v, %d bytes", variables, size)
	}
	section.Vars = append(section.Vars, btf.VarSecinfo{Type: &btf.Var{Name: "d", Type: &btf.Array{Index: s32, Type: u64, Nelems: 1 << 30}}})
	if _, _, err := Layout(section, nil); err == nil {
		t.Error("no error for a variable of 8 GB")
	}
}
