package ksym

import (
	"strings"
	"testing"
)

const kallsyms = `ffffffff81000000 T _stext
ffffffff81000000 D not_code
ffffffff81000100 t do_one
ffffffff81000100 W do_one_alias
ffffffffc0001000 t probe	[module]
0000000000000000 T hidden
nonsense
`

func TestName(t *testing.T) {
	table, err := parse(strings.NewReader(kallsyms))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		address uint64
		name    string
		offset  uint64
		ok      bool
	}{
		{0, "", 0, false},
		{0xffffffff80ffffff, "", 0, false},
		{0xffffffff81000000, "_stext", 0, true},
		{0xffffffff810000ff, "_stext", 0xff, true},
		{0xffffffff81000105, "do_one", 5, true},
		{0xffffffffc0001010, "probe", 0x10, true},
		{0xffffffffd0000000, "", 0, false},
	} {
		name, offset, ok := table.Name(test.address)
		if ok != test.ok || offset != test.offset || !strings.HasPrefix(name, test.name) {
			t.Errorf("Name(%#x) = %q, %#x, %v, want %q, %#x, %v", test.address, name, offset, ok, test.name, test.offset, test.ok)
		}
	}
}

// A kernel that hides its addresses is no error.
func TestHidden(t *testing.T) {
	table, err := parse(strings.NewReader("0000000000000000 T _stext\n"))
	if err != nil {
		t.Fatal(err)
	}
	if name, _, ok := table.Name(0xffffffff81000000); ok {
		t.Errorf("an empty table knows %s", name)
	}
	if _, _, ok := (*Table)(nil).Name(1); ok {
		t.Error("no table knows a name")
	}
}
