package toolchain

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/diag"
)

func at(file string, line, column int) diag.Pos {
	return diag.Pos{File: file, Line: line, Column: column}
}

func TestDiagnostics(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []*diag.Diagnostic
	}{
		{"nothing", "", nil},
		{"clang 14", `In file included from src/x.bpf.c:1:
src/a.h:3:9: warning: unused variable 'x' [-Wunused-variable]
        int x;
            ^
/usr/include/b.h:7:1: fatal error: 'nowhere.h' file not found
#include "nowhere.h"
         ^~~~~~~~~~~
src/x.bpf.c:5:1: note: expanded from here
1 warning and 1 error generated.
`, []*diag.Diagnostic{
			{Pos: at("/p/src/a.h", 3, 9), Level: diag.Warning, Text: "unused variable 'x' [-Wunused-variable]", Source: "        int x;"},
			{Pos: at("/usr/include/b.h", 7, 1), Level: diag.Error, Text: "'nowhere.h' file not found", Source: `#include "nowhere.h"`},
			{Pos: at("/p/src/x.bpf.c", 5, 1), Level: diag.Note, Text: "expanded from here"},
		}},
		{"clang 19", `x.bpf.c:2:1: error: unknown type name 'no'
    2 | no C;
      | ^
`, []*diag.Diagnostic{{Pos: at("/p/x.bpf.c", 2, 1), Level: diag.Error, Text: "unknown type name 'no'", Source: "no C;"}}},
		{"no place", "clang: error: unknown argument: '-x'\nfatal error: error in backend: too much\n", []*diag.Diagnostic{
			{Level: diag.Error, Text: "unknown argument: '-x'"},
			{Level: diag.Error, Text: "error in backend: too much"},
		}},
		{"odd names", "a b:c/é.c:1:2: error: a: b: c\n", []*diag.Diagnostic{{Pos: at("/p/a b:c/é.c", 1, 2), Level: diag.Error, Text: "a: b: c"}}},
		{"no column", "x.c:1: warning: w\r\n", []*diag.Diagnostic{{Pos: at("/p/x.c", 1, 0), Level: diag.Warning, Text: "w"}}},
		{"other tools", "Stack dump:\n0.\tProgram arguments: clang\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Diagnostics([]byte(test.text), "/p")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
