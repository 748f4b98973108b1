package luart

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSession(t *testing.T) {
	var out strings.Builder
	e, err := NewSession(LoadOptions{Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, test := range []struct{ code, want string }{
		{"1 + 1", "2\n"},
		{"x = {1, 2}", ""},
		{"x", "{1, 2}\n"},
		{"return 1, nil, 'a'", "1\tnil\ta\n"},
		{"18446744073709551615", "18446744073709551615\n"},
		{"for i = 1, 2 do", "incomplete"},
		{"for i = 1, 2 do print(i) end", "1\n2\n"},
		{"sum({1, 2})", "3\n"},
		{"sleep(1) return now() > 0", "true\n"},
		{"function f() return nothing end", ""},
		{"f()", "nil\n"},
		{"srot({})", "error [11]:1:1: unknown function srot (did you mean sort?)"},
		{"error('x')", "error [12]:1: x"},
		{"1 +* 2", "error [13]:1:1: syntax error"},
		{"run('t')", "error [13]:1: no target named"},
		{"target('t')", "error [14]:1:1: target: belongs at file level"},
		{"os.exit(3)", "error script exited with code 3"},
		{"", ""},
	} {
		out.Reset()
		err := e.Eval(t.Context(), test.code, RunOptions{})
		got := out.String()
		if errors.Is(err, ErrIncomplete) {
			got = "incomplete"
		} else if err != nil {
			got = "error " + strings.SplitN(err.Error(), "\n", 2)[0]
		}
		if got != test.want && !(strings.HasPrefix(test.want, "error ") && strings.HasPrefix(got, test.want)) {
			t.Errorf("%s: %q, want %q", test.code, got, test.want)
		}
	}
	for _, test := range []struct {
		line, want string
		from       int
	}{
		{"print(prin", "print printf printtable", 6},
		{"os.ex", "execute exit", 3},
		{"x = json.", "array decode encode null", 9},
		{"c:toj", "tojson", 2},
		{"nothing.", "", 8},
		{"a.b.c", "", 4},
	} {
		names, from := e.Complete(test.line)
		if got := strings.Join(names, " "); got != test.want || from != test.from {
			t.Errorf("%q completes to %q from %d, want %q from %d", test.line, got, from, test.want, test.from)
		}
	}
	if names, _ := e.Complete(""); !slices.Contains(names, "printtable") || !slices.Contains(names, "string") {
		t.Errorf("an empty line completes to %q", names)
	}
}

// A file and a piece of code run as entry does, with arguments.
func TestLoadScript(t *testing.T) {
	dir := writeProject(t, map[string]string{"tool.lua": "local a, b = ... print(require('mod'), a, b, select('#', ...))", "mod.lua": "return 'module'"})
	var out strings.Builder
	s, err := LoadScript(t.Context(), dir+"/tool.lua", LoadOptions{Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), []string{"x", "y"}, RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if out.String() != "module\tx\ty\t2\n" {
		t.Errorf("printed %q", out.String())
	}
	_, err = LoadCode(t.Context(), "-e", "print(1)\nsrot({})", LoadOptions{})
	if ds := diagnostics(t, err); len(ds) != 1 || ds[0].Pos.File != "-e" || ds[0].Pos.Line != 2 {
		t.Errorf("%v", err)
	}
}
