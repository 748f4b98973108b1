package builder

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"opensnoop":  "opensnoop",
		"a.b-c_d+e":  "a.b-c_d+e",
		"größe":      "größe",
		"a/b":        "a%2Fb",
		"a%2Fb":      "a%252Fb",
		"..":         "%2E.",
		"a b\n\x00":  "a%20b%0A%00",
		"bad \xff":   "bad%20%FF",
		"\ufffd ok":  "%EF%BF%BD%20ok",
		"src/x.c":    "src%2Fx.c",
		"../x.bpf.c": "%2E.%2Fx.bpf.c",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("a/b", "a%2Fb")
	f.Add(strings.Repeat("日", 100), strings.Repeat("日", 101))
	f.Add("", ".")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := fileName(a)
		if a == "" {
			return
		}
		if strings.ContainsAny(got, "/\x00") || strings.HasPrefix(got, ".") || len(got) > maxFileName || !utf8.ValidString(got) {
			t.Errorf("%q: %q is no file name", a, got)
		}
		if a != b && got == fileName(b) {
			t.Errorf("%q and %q are both %q", a, b, got)
		}
	})
}
