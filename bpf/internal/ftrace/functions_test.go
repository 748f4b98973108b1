package ftrace

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLocate: each function gets the address of the symbol that it is. Nobody knows which one that is where several symbols have its name, and not
// all of them can be traced.
func TestLocate(t *testing.T) {
	const available = `vfs_read
vfs_write
state_show
state_show
state_show [ext4]
probe
__ftrace_invalid_address___64
reset.part.0 [ext4]
`
	const symbols = `0000000000000000 A fixed_percpu_data
ffffffff81000010 T vfs_read
ffffffff81000020 t state_show
ffffffff81000030 t state_show
ffffffff81000040 D probe
ffffffff81000050 t probe
ffffffff81000060 t probe
0000000000000000 T vfs_write
ffffffffc0000010 t state_show	[ext4]
ffffffffc0000020 t reset.part.0	[ext4]
ffffffffc0000030 t other	[ext4]
`
	functions, err := read(strings.NewReader(available), parseName, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if err := locate(functions, strings.NewReader(symbols)); err != nil {
		t.Fatal(err)
	}
	want := []Function{
		{"vfs_read", "", 0xffffffff81000010}, {"vfs_write", "", 0}, {"state_show", "", 0xffffffff81000020}, {"state_show", "", 0xffffffff81000030},
		{"state_show", "ext4", 0xffffffffc0000010}, {"probe", "", 0}, {"reset.part.0", "ext4", 0xffffffffc0000020},
	}
	if diff := cmp.Diff(want, functions); diff != "" {
		t.Error(diff)
	}
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		parse parser
		line  string
		want  Function
		ok    bool
	}{
		{parseWithAddress, "ffffffff81000000 vfs_read", Function{Name: "vfs_read", Address: 0xffffffff81000000}, true},
		{parseWithAddress, "ffffffffc0000000 reset [ext4]", Function{Name: "reset", Module: "ext4", Address: 0xffffffffc0000000}, true},
		{parseWithAddress, "ffffffff81000000 __ftrace_invalid_address___64", Function{}, false},
		{parseWithAddress, "vfs_read", Function{}, false},
		{parseWithAddress, "", Function{}, false},
		{parseName, "", Function{}, false},
		{parseSymbol, "ffffffff81000000 T vfs_read", Function{Name: "vfs_read", Address: 0xffffffff81000000}, true},
		{parseSymbol, "ffffffff81000000 D jiffies", Function{}, false},
		{parseSymbol, "ffffffff81000000", Function{}, false},
	} {
		if got, ok := tc.parse(tc.line); ok != tc.ok || ok && got != tc.want {
			t.Errorf("%q: %+v %v, want %+v %v", tc.line, got, ok, tc.want, tc.ok)
		}
	}
}
