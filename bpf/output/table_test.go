package output

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

func TestTableGolden(t *testing.T) {
	for _, s := range samples(t) {
		for _, width := range []int{0, 40, 80, 200} {
			t.Run(fmt.Sprintf("%s/%d", s.name, width), func(t *testing.T) {
				var out bytes.Buffer
				table := NewTable(&out, width, RawValues())
				for _, rec := range s.records {
					if err := table.WriteRecord(Tag{}, s.typ, rec); err != nil {
						t.Fatal(err)
					}
				}
				if err := table.Flush(); err != nil {
					t.Fatal(err)
				}
				golden(t, fmt.Sprintf("%s-%d.golden", s.name, width), out.Bytes())
			})
		}
	}
}

// The header comes again when another type or stream has its turn.
func TestTableHeaders(t *testing.T) {
	all := samples(t)
	conn, exec := all[1], all[2]
	var out bytes.Buffer
	table := NewTable(&out, 60, RawValues())
	write := func(tag Tag, typ *decode.Type, rec []byte) {
		t.Helper()
		if err := table.WriteRecord(tag, typ, rec); err != nil {
			t.Fatal(err)
		}
	}
	execs := Tag{Stream: "execs"}
	write(execs, exec.typ, exec.records[0])
	write(execs, exec.typ, exec.records[1])
	write(Tag{Stream: "others", Type: "struct conn"}, conn.typ, conn.records[0])
	write(Tag{Stream: "others", Type: "struct exec"}, exec.typ, exec.records[0])
	write(Tag{Stream: "others"}, nil, exec.records[0][:4])
	write(execs, exec.typ, exec.records[0])
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	golden(t, "headers.golden", out.Bytes())
}

// Rows on a terminal are as wide as it is, where their numbers leave room.
func TestTableFits(t *testing.T) {
	open := samples(t)[0]
	for width := 64; width < 400; width++ { // its numbers and the least of its text have 64
		var out bytes.Buffer
		table := NewTable(&out, width, RawValues())
		for _, rec := range open.records[:3] { // none whose numbers are wider than usual
			if err := table.WriteRecord(Tag{}, open.typ, rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if w := textWidth([]byte(strings.TrimSuffix(line, "\n"))); w > width {
				t.Errorf("at %d columns a line has %d: %s", width, w, line)
			}
		}
	}
}

func TestCut(t *testing.T) {
	tests := []struct {
		in    string
		width int
		want  string
	}{
		{"abcdef", 5, "abcd…"},
		{"abcdef", 1, "…"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"}, // accents take no room of their own
	}
	for _, tt := range tests {
		cut, width := appendCut(nil, []byte(tt.in), tt.width)
		got := string(cut)
		if got != tt.want {
			t.Errorf("%q at %d columns is %q, want %q", tt.in, tt.width, got, tt.want)
		}
		if w := textWidth(cut); w > tt.width || w != width {
			t.Errorf("%q has %d columns, %d were reported and %d were allowed", got, w, width, tt.width)
		}
	}
}
