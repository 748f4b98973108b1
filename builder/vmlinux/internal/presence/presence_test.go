package presence

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

var integer = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}

// specOf returns types as a kernel would have them.
func specOf(t *testing.T, types ...btf.Type) *btf.Spec {
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

// record returns a struct of integers and of what more it is given.
func record(name string, members string, more ...btf.Member) *btf.Struct {
	s := &btf.Struct{Name: name, Size: 64}
	for _, m := range strings.Fields(members) {
		s.Members = append(s.Members, btf.Member{Name: m, Type: integer})
	}
	s.Members = append(s.Members, more...)
	return s
}

func TestTable(t *testing.T) {
	table, err := Collect([]string{"5.10", "6.1", "6.18"}, []*btf.Spec{
		specOf(t,
			record("task", "pid state", btf.Member{Type: record("", "hidden")}, btf.Member{Name: "in", Type: record("", "x")}),
			record("all", "a"),
			&btf.Typedef{Name: "cap_t", Type: record("", "cap")},
			&btf.Enum{Name: "kind", Size: 4, Values: []btf.EnumValue{{Name: "A"}}},
		),
		specOf(t,
			record("task", "pid __state hidden", btf.Member{Name: "in", Type: &btf.Array{Type: record("", "x y"), Index: integer, Nelems: 2}}),
			record("all", "a"),
			record("new", "n"),
			&btf.Typedef{Name: "cap_t", Type: record("", "val")},
			&btf.Enum{Name: "kind", Size: 4, Values: []btf.EnumValue{{Name: "A"}, {Name: "B", Value: 1}}},
		),
		specOf(t,
			record("task", "pid __state hidden", btf.Member{Name: "in", Type: record("", "x y")}),
			record("all", "a"),
			record("new", "n late"),
			&btf.Typedef{Name: "cap_t", Type: record("", "val")},
			&btf.Enum{Name: "kind", Size: 4, Values: []btf.EnumValue{{Name: "A"}, {Name: "B", Value: 1}}},
		),
	})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := table.Encode(&text); err != nil {
		t.Fatal(err)
	}
	const want = `5.10 6.1 6.18
7 cap_t
 1 cap
 6 val
7 kind
 6 B
6 new
 4 late
7 task
 6 __state
 6 in.y
 1 state
`
	if text.String() != want {
		t.Errorf("got\n%swant\n%s", text.String(), want)
	}

	decoded, err := Decode(strings.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []*Table{table, decoded} {
		for _, test := range []struct {
			typ, member string
			want        Set
		}{
			{"task", "", 7}, {"task", "pid", 7}, {"task", "state", 1}, {"task", "__state", 6},
			{"task", "hidden", 7}, {"task", "in.x", 7}, {"task", "in.y", 6},
			{"all", "a", 7}, {"new", "", 6}, {"new", "n", 6}, {"new", "late", 4},
			{"cap_t", "val", 6}, {"kind", "B", 6}, {"unheard_of", "", 7}, {"unheard_of", "x", 7},
		} {
			got := table.Type(test.typ)
			if test.member != "" {
				got = table.Member(test.typ, test.member)
			}
			if got != test.want {
				t.Errorf("%s.%s: got %b, want %b", test.typ, test.member, got, test.want)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{"", "\n", "5.10\n 1 member\n", "5.10\nx task\n", "5.10\n1\n", "5.10\n1 task\n 1\n", "5.10\n1 \r\r\n", "5.10\n1 a task\n"} {
		if _, err := Decode(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("5.10 6.1\n3 task\n 1 state\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Decode(strings.NewReader(text))
		if err != nil {
			return
		}
		var once, twice bytes.Buffer
		if err := table.Encode(&once); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(bytes.NewReader(once.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, once.String())
		}
		if err := again.Encode(&twice); err != nil || once.String() != twice.String() {
			t.Errorf("%v: got\n%swant\n%s", err, twice.String(), once.String())
		}
	})
}
