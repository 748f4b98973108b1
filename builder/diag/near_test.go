package diag

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNear(t *testing.T) {
	setters := []string{"set_kind", "set_default", "add_files", "add_deps", "set_binary", "set_globals", "set_description"}
	for _, tc := range []struct {
		name       string
		candidates []string
		want       []string
	}{
		{"set_knd", setters, []string{"set_kind"}},
		{"SET_KIND", setters, []string{"set_kind"}},
		{"set_kidn", setters, []string{"set_kind"}}, // one swap, not two replacements
		{"add_file", setters, []string{"add_files"}},
		{"ebpf_program2", []string{"ebpf_program1"}, []string{"ebpf_program1"}},
		{"x", []string{"y", "z", "long"}, []string{"y", "z"}},
		{"aaaa", []string{"aaab", "aaac", "aaad", "aaae"}, []string{"aaab", "aaac", "aaad"}},
		{"abcdef", []string{"abcdxx", "abcdef", "abcdex", "abcdex"}, []string{"abcdex", "abcdxx"}},
		{"größe", []string{"grösse", "größer"}, []string{"größer", "grösse"}},
		{"entirely", []string{"different"}, []string{}},
		{"", setters, nil},
		{"a", []string{""}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Near(tc.name, tc.candidates)); diff != "" {
				t.Errorf("Near(%q) (-want +got):\n%s", tc.name, diff)
			}
		})
	}
}

func ExampleDidYouMean() {
	fmt.Println("unknown function set_knd" + DidYouMean("set_knd", []string{"set_kind", "add_files"}))
	fmt.Println("unknown function frobnicate" + DidYouMean("frobnicate", []string{"set_kind", "add_files"}))
	// Output:
	// unknown function set_knd (did you mean set_kind?)
	// unknown function frobnicate
}

// FuzzNear checks the properties that callers count on, for any names at all.
func FuzzNear(f *testing.F) {
	f.Add("set_knd", "set_kind", "add_files")
	f.Add("\xff", "é", "")
	f.Fuzz(func(t *testing.T, name, a, b string) {
		got := Near(name, []string{a, b, name, a})
		for i, n := range got {
			if n == name || n == "" || (n != a && n != b) {
				t.Errorf("Near(%q, %q, %q) offers %q", name, a, b, n)
			}
			for _, m := range got[:i] {
				if m == n {
					t.Errorf("Near(%q, %q, %q) offers %q twice", name, a, b, n)
				}
			}
		}
	})
}
