package diag

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// samples are diagnostics of every shape; each renderer has a golden file of all.
var samples = []struct {
	name string
	d    *Diagnostic
}{
	{"all that can be known", &Diagnostic{
		Pos: Pos{"/home/ann/tool/project.lua", 3, 7}, Level: Error, Text: `unexpected symbol near "="`, Source: "    x == 3",
		Detail: "stack traceback:\n\tproject.lua:3: in main chunk\n",
	}},
	{"line only", &Diagnostic{Pos: Pos{"/home/ann/tool/src/a b.bpf.c", 12, 0}, Level: Warning, Text: "this is slow", Source: "\tint x;"}},
	{"file only", &Diagnostic{Pos: Pos{"/etc/x", 0, 0}, Level: Note, Text: "read from here"}},
	{"nowhere", &Diagnostic{Level: Error, Text: "find clang: it is not installed"}},
	{"another folder", &Diagnostic{Pos: Pos{"/home/bob/project.lua", 1, 1}, Level: Error, Text: "bad", Source: "x"}},
	{"tabs", &Diagnostic{Pos: Pos{"t.lua", 1, 4}, Level: Error, Text: "tab", Source: "\ta\tb"}},
	{"wide and combining", &Diagnostic{Pos: Pos{"t.lua", 1, 18}, Level: Error, Text: "wide", Source: "x = \"日本e\u0301\" + y"}},
	{"inside a character", &Diagnostic{Pos: Pos{"t.lua", 1, 2}, Level: Error, Text: "middle", Source: "日本"}},
	{"at the end", &Diagnostic{Pos: Pos{"t.lua", 1, 4}, Level: Error, Text: "missing )", Source: "f(x"}},
	{"beyond the end", &Diagnostic{Pos: Pos{"t.lua", 1, 40}, Level: Error, Text: "stale", Source: "f(x"}},
	{"escapes", &Diagnostic{Pos: Pos{"t.lua", 1, 6}, Level: Error, Text: "control", Source: "\x1b[2J x\xff"}},
	{"escapes of others", &Diagnostic{Level: Error, Text: "two\n\tlines \x1b[31m\a\r é\u009b\x9b\ufffd", Detail: "for the event {comm=\x1b]0;x\a}"}},
	{"blank line", &Diagnostic{Pos: Pos{"t.lua", 1, 1}, Level: Error, Text: "end expected", Source: "   "}},
	{"separators", &Diagnostic{Pos: Pos{"a,b:c%.lua", 1, 2}, Level: Error, Text: "100%, really: two\nlines"}},
}

func TestRenderings(t *testing.T) {
	for name, render := range map[string]func(*Diagnostic) []byte{
		"text": func(d *Diagnostic) []byte { return d.AppendText(nil, TextOptions{Dir: "/home/ann/tool"}) },
		"color": func(d *Diagnostic) []byte {
			return []byte(strings.ReplaceAll(string(d.AppendText(nil, TextOptions{Color: true})), "\x1b", `\e`))
		},
		"json":   func(d *Diagnostic) []byte { return d.AppendJSON(nil) },
		"github": func(d *Diagnostic) []byte { return d.AppendGitHub(nil, "/home/ann") },
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			for _, s := range samples {
				fmt.Fprintf(&got, "-- %s --\n%s", s.name, render(s.d))
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("differs from %s (-want +got), rewrite it with -update if this is meant:\n%s", golden, diff)
			}
		})
	}
}

func TestErrorf(t *testing.T) {
	d := Errorf(Pos{File: "p.lua", Line: 2}, "read %q: %w", "x", os.ErrNotExist)
	if got, want := d.Error(), `p.lua:2: read "x": file does not exist`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(d, os.ErrNotExist) {
		t.Error("the cause is lost")
	}
	if got := Errorf(Pos{}, "plain").Error(); got != "plain" {
		t.Errorf("got %q without a position", got)
	}
}

func TestFillSource(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	file := filepath.Join(t.TempDir(), "ü.lua")
	if err := os.WriteFile(file, []byte("first\r\n"+long+"\nthird"), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[int]string{0: "", 1: "first", 2: long[:maxSourceLine], 3: "third", 4: ""} {
		if got := Errorf(Pos{File: file, Line: line}, "e").FillSource().Source; got != want {
			t.Errorf("line %d: got %q, want %q", line, got, want)
		}
	}
	for _, file := range []string{"", t.TempDir(), "/dev/zero", "/does/not/exist"} {
		if got := Errorf(Pos{File: file, Line: 1}, "e").FillSource().Source; got != "" {
			t.Errorf("%q: got %q", file, got)
		}
	}
	if got := (&Diagnostic{Pos: Pos{File: file, Line: 1}, Source: "kept"}).FillSource().Source; got != "kept" {
		t.Errorf("got %q, want the source that was there", got)
	}
}

func TestAll(t *testing.T) {
	a, b := Errorf(Pos{File: "a"}, "one"), Errorf(Pos{File: "b"}, "two")
	plain := errors.New("three")
	err := fmt.Errorf("build: %w", errors.Join(a, fmt.Errorf("wrapped: %w", errors.Join(b, plain))))
	var got []string
	for _, d := range All(err) {
		got = append(got, d.Error())
	}
	if diff := cmp.Diff([]string{"a: one", "b: two", "three"}, got); diff != "" {
		t.Error(diff)
	}
	if All(nil) != nil {
		t.Error("All(nil) is not empty")
	}
}

// FuzzText checks that no diagnostic can move the cursor or break the shape of the output.
func FuzzText(f *testing.F) {
	for _, s := range samples {
		f.Add(s.d.Source, s.d.Column)
	}
	f.Fuzz(func(t *testing.T, source string, column int) {
		line, caret := excerpt(source, column)
		if strings.ContainsAny(line+caret, "\x1b\n\r\x00") {
			t.Errorf("%q: control characters in %q, %q", source, line, caret)
		}
		if want := column > 0 && column <= len(source)+1; want != (strings.Count(caret, "^") == 1) {
			t.Errorf("%q column %d: caret %q", source, column, caret)
		}
		d := Diagnostic{Pos: Pos{source, 1, column}, Level: Error, Text: source, Source: source}
		if !json.Valid(d.AppendJSON(nil)) {
			t.Errorf("%q: no JSON", source)
		}
		if n := strings.Count(string(d.AppendGitHub(nil, "")), "\n"); n != 1 {
			t.Errorf("%q: annotation of %d lines", source, n)
		}
	})
}
