package decode

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestQuote(t *testing.T) {
	tests := []struct{ in, text, json, plain string }{
		{"", `""`, `""`, ``},
		{"bash", `"bash"`, `"bash"`, `bash`},
		{`a"b\c`, `"a\"b\\c"`, `"a\"b\\c"`, `a"b\c`},
		{"a\n\r\tb", `"a\n\r\tb"`, `"a\n\r\tb"`, `a\n\r\tb`},
		{"\x1b[31m", `"\x1b[31m"`, `"\u001b[31m"`, `\x1b[31m`},
		{"\x7f", `"\x7f"`, "\"\x7f\"", `\x7f`},
		{"größe", `"größe"`, `"größe"`, `größe`},
		{"a\xffb\xc3", `"a\xffb\xc3"`, "\"a\ufffdb\ufffd\"", `a\xffb\xc3`},
		{"\ufffd", "\"\ufffd\"", "\"\ufffd\"", "\ufffd"},
		// These would change what a terminal shows of the rest of the line.
		{"\u202e\u009b", `"\u202e\u009b"`, "\"\u202e\u009b\"", `\u202e\u009b`},
		{"\U000e0001", `"\U000e0001"`, "\"\U000e0001\"", `\U000e0001`},
	}
	for _, tt := range tests {
		if got := string(appendQuoted(nil, []byte(tt.in))); got != tt.text {
			t.Errorf("%q as text: got %s, want %s", tt.in, got, tt.text)
		}
		if got := string(AppendJSONString(nil, []byte(tt.in))); got != tt.json {
			t.Errorf("%q as JSON: got %s, want %s", tt.in, got, tt.json)
		}
		if got := string(AppendPlain(nil, []byte(tt.in))); got != tt.plain {
			t.Errorf("%q plain: got %s, want %s", tt.in, got, tt.plain)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add([]byte("bash"))
	f.Add([]byte("\"\\\n\x00\x1b\x7f\xff\xed\xa0\x80\u202e\U0001f600"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := string(b)
		var s string
		if err := json.Unmarshal(AppendJSONString(nil, b), &s); err != nil {
			t.Fatalf("JSON of %q: %v", in, err)
		} else if want := replaceInvalid(in); s != want {
			t.Errorf("JSON of %q is read as %q, want %q", in, s, want)
		}
		quoted := string(appendQuoted(nil, b))
		if got, err := strconv.Unquote(quoted); err != nil || got != in {
			t.Errorf("%s is read as %q, %v, want %q", quoted, got, err, in)
		}
		plain := string(AppendPlain(nil, b))
		if !utf8.ValidString(plain) || strings.ContainsFunc(plain, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q cannot be printed on one line", plain)
		}
		if string(b) != in {
			t.Error("the input was changed")
		}
	})
}

// replaceInvalid replaces each byte that is no UTF-8.
func replaceInvalid(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
