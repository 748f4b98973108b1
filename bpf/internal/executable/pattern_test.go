package executable

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, tc := range []struct {
		pattern string
		match   string
		not     string
		many    bool
	}{
		{"read", "read", "pread readv Read", false},
		{"read@GLIBC_2.2.5", "read", "read@GLIBC_2.2.5", false},
		{"mem*", "mem memcpy mem.part.0", "amem", true},
		{"*", "a a/b", "", true},
		{"net/http.*", "net/http.(*Server).Serve net/http.Get", "net.Dial", true},
		{"str?py", "strcpy", "strpy strncpy", true},
		{"str[cn]*", "strcpy strncpy", "strlen", true},
		{"str[!cn]*", "strlen", "strcpy", true},
		{"a.b*", "a.b a.bc", "axb", true},
		{"/^ssl_(read|write)$/", "ssl_read ssl_write", "ssl_reads xssl_read", true},
		{"/read/", "read pread64", "write", true},
		{"/a:b/", "xa:bx", "ab", true},
	} {
		t.Run(tc.pattern, func(t *testing.T) {
			p, err := ParsePattern(tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if p.Many() != tc.many || p.String() != tc.pattern {
				t.Errorf("%+v", p)
			}
			for name := range strings.FieldsSeq(tc.match) {
				if !p.Match(name) {
					t.Errorf("%s does not match", name)
				}
			}
			for name := range strings.FieldsSeq(tc.not) {
				if p.Match(name) {
					t.Errorf("%s matches", name)
				}
			}
		})
	}
}

func TestPatternErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"":          `"" is no function`,
		"@V":        `"@V" is no function`,
		"read@":     `"read@" is no function`,
		"read@@":    `"read@@" is no function`,
		"a[b*":      "the pattern a[b* is malformed",
		"a[]*":      "the pattern a[]* is malformed",
		"/a(b/":     "the regular expression /a(b/ is malformed: missing closing )",
		"/a{9999}/": "the regular expression /a{9999}/ is malformed: invalid repeat count",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", pattern, err, want)
		}
	}
}
