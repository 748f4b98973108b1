package builder

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDeps(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"o: a.c\n", []string{"a.c"}},
		{"o: a.c b.h \\\n  /usr/include/c.h \\\n  d.h\n", []string{"a.c", "b.h", "/usr/include/c.h", "d.h"}},
		{"o: a.c \\\r\n  b.h\r\n", []string{"a.c", "b.h"}},
		{`o: sp\ ace.c ha\#sh.c dol$$lar.c`, []string{"sp ace.c", "ha#sh.c", "dol$lar.c"}},
		{`o: back\\\ space.c`, []string{`back\ space.c`}},
		{`o: back\slash.c`, []string{`back\slash.c`}},
		{`o: quo"te'.c co:lon.c ü.c`, []string{`quo"te'.c`, "co:lon.c", "ü.c"}},
		{"o:", nil},
		{"", nil},
		{"o: a\\", []string{`a\`}},
		{"o: a$", []string{"a$"}},
	} {
		if diff := cmp.Diff(tc.want, parseDeps([]byte(tc.text))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.text, diff)
		}
	}
}

// quoteDep writes a name as clang's DependencyFile.cpp does.
func quoteDep(name string) string {
	var b strings.Builder
	for i, c := range []byte(name) {
		switch c {
		case '#':
			b.WriteByte('\\')
		case ' ':
			b.WriteByte('\\')
			for j := i; j > 0 && name[j-1] == '\\'; j-- {
				b.WriteByte('\\')
			}
		case '$':
			b.WriteByte('$')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// FuzzParseDeps checks that names come back as they were. Clang writes none with a
// newline in a way that could be told, and turns backslashes into slashes.
func FuzzParseDeps(f *testing.F) {
	f.Add("a.c", "sp ace.h")
	f.Add("#$ #", "  ")
	f.Add("a:b", "ü\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		parseDeps([]byte(a + b))
		if a == "" || b == "" || strings.ContainsAny(a+b, "\t\r\n\\") {
			return
		}
		got := parseDeps([]byte(depTarget + ": " + quoteDep(a) + " \\\n  " + quoteDep(b) + "\n"))
		if diff := cmp.Diff([]string{a, b}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
