package main

import (
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
)

func TestSummary(t *testing.T) {
	for _, test := range []struct {
		stats     bpf.Stats
		discarded uint64
		ran       time.Duration
		want      string
	}{
		{bpf.Stats{Events: 12410, LostKnown: true}, 0, 3200 * time.Millisecond, "x: 12,410 events, 0 lost, 3.2 s"},
		{bpf.Stats{Events: 1, Lost: 1000, LostKnown: true}, 0, 0, "x: 1 event, 1,000 lost, 0.0 s"},
		{bpf.Stats{Events: 2, LostKnown: true}, 3, time.Minute, "x: 2 events, 0 lost, 3 discarded, 60.0 s"},
		{bpf.Stats{}, 0, 0, "x: 0 events, lost unknown, 0.0 s"},
		{bpf.Stats{Lost: 7}, 0, 0, "x: 0 events, at least 7 lost, 0.0 s"},
	} {
		if got := summary("x", test.stats, test.discarded, test.ran); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	got := table([][]string{{"A", "WIDE", "LAST"}, {"long", "ü", ""}, {"", "", "x"}})
	want := "A     WIDE  LAST\nlong  ü\n            x\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1,000", 12410: "12,410", 999999: "999,999",
		1000000: "1,000,000", 1<<64 - 1: "18,446,744,073,709,551,615",
	} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"":              "''",
		"clang":         "clang",
		"-I/usr/a_b":    "-I/usr/a_b",
		"a b":           "'a b'",
		"it's":          `'it'\''s'`,
		"$HOME":         "'$HOME'",
		"-DX=\"y\"":     `'-DX="y"'`,
		"ö":             "'ö'",
		"~":             "'~'",
		"a=b":           "'a=b'",
		"new\nline":     "'new\nline'",
		"x@1.2:3,4%5+6": "x@1.2:3,4%5+6",
	} {
		if got := shellWord(in); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", in, got, want)
		}
	}
}
