package cscan_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/internal/cscan"
)

// said is what a file says, with words in order.
type said struct {
	Words, Tags, Ahead string
	Includes           []cscan.Include
	Helpers            string // names
	Lead               string // name of the include that comes first
	Defines            []string
}

func scan(text string) said {
	f := cscan.Scan([]byte(text))
	words := func(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), " ") }
	s := said{Words: words(f.Words), Tags: words(f.Tags), Ahead: words(f.Ahead), Includes: f.Includes, Defines: f.Lead.Defines}
	for _, h := range f.Helpers {
		s.Helpers += h.Name + "(" + words(h.Words) + "; " + words(h.Tags) + ")"
	}
	if f.Lead.Include != nil {
		s.Lead = f.Lead.Include.Name
	}
	return s
}

func TestScan(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want said
	}{
		"nothing":      {"", said{}},
		"declarations": {"struct a { int b; enum c d; } *e;", said{Words: "b d e int", Tags: "a c"}},
		"ahead":        {"struct a; union b;\nstruct c x;", said{Words: "x", Tags: "c", Ahead: "a b"}},
		"comments":     {"a /* b\n#include <c> */ d // e \\\n f\ng", said{Words: "a d g"}},
		"strings":      {`a "b \" c" 'd' '\'' e`, said{Words: "a e"}},
		"open string":  {"a 'b\nc", said{Words: "a c"}},
		"numbers":      {"0x1fUL 1.5e3 a1 1a", said{Words: "a1"}},
		"macro":        {"#define A(b) struct c *b##d\n", said{Words: "A b d", Tags: "c", Defines: []string{"A"}}},
		"long macro":   {"#define A \\\n b\nc", said{Words: "A b c", Defines: []string{"A"}}},
		"includes": {"#include \"a.h\"\n# include <b/c.h>\n#include_next <d.h>\n#include MACRO\n#include \"open\n", said{
			Includes: []cscan.Include{{Name: "a.h", Quoted: true}, {Name: "b/c.h"}, {Name: "d.h", Next: true}}, Lead: "a.h"}},
		"guarded lead":       {"#ifndef G\n#define G\n#include <a.h>\n", said{Words: "G", Includes: []cscan.Include{{Name: "a.h"}}, Lead: "a.h", Defines: []string{"G"}}},
		"condition is ahead": {"#if X\n#include <a.h>\n#endif\n", said{Words: "X", Includes: []cscan.Include{{Name: "a.h"}}}},
		"code is ahead":      {"int x;\n#include <a.h>\n", said{Words: "int x", Includes: []cscan.Include{{Name: "a.h"}}}},
		"helper":             {"static long (*h)(struct a *x, u32 y) = (void *) 7;\nint z;", said{Words: "int z", Helpers: "h(h long static u32 void x y; a)"}},
		"constant helper":    {"static long (* const h)(struct a *x) = (void *) 7;", said{Helpers: "h(const h long static void x; a)"}},
		"no helper":          {"long (*h)(struct a *x);", said{Words: "h long x", Tags: "a"}},
		"a # inside a line":  {"a # include <b>\n", said{Words: "a b include"}},
		"not ASCII":          {"größe $x", said{Words: "$x größe"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, scan(test.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("#include \"vmlinux.h\"\nstatic long (*h)(struct a *x) = (void *) 7;\nint f(void) { return sizeof(struct b); }\n"))
	f.Add([]byte("#define A(x) \\\n x##y /* \n */\n'\\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := cscan.Scan(text)
		for word := range got.Words {
			if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(string(text), "\\\r\n", ""), "\\\n", ""), word) {
				t.Errorf("%q is no word of the text", word)
			}
		}
	})
}
