package bpf

import (
	"slices"
	"testing"
)

func TestRenamed(t *testing.T) {
	kernel := []string{
		"folio_account_dirtied", "account_page_redirty", "folio_mark_accessed", "kmem_cache_alloc_noprof", "kmem_cache_free",
		"vfs_read", "vfs_readv", "mutex_lock", "mutex_unlock", "kernel_clone", "filemap_alloc_folio_noprof",
	}
	for name, want := range map[string][]string{
		"account_page_dirtied":  {"folio_account_dirtied"},
		"mark_page_accessed":    {"folio_mark_accessed"},
		"kmem_cache_alloc":      {"kmem_cache_alloc_noprof"},
		"_do_fork":              {"kernel_clone"},
		"__page_cache_alloc":    {"filemap_alloc_folio_noprof"},
		"mutex_lock_nested":     {"mutex_lock"},
		"vfs_read":              nil,
		"read":                  nil,
		"":                      nil,
		"filemap_alloc_folio":   {"filemap_alloc_folio_noprof"},
		"folio_account_dirtied": nil,
	} {
		if got := renamed(name, kernel); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// TestGroupPoints: each line of want is a group, its ways in the order in which they are tried.
func TestGroupPoints(t *testing.T) {
	type program struct{ kind, symbol string }
	for _, tc := range []struct {
		name     string
		programs []program
		want     []string
	}{
		{"kinds", []program{{"kprobe", "f"}, {"fentry", "f"}}, []string{"fentry f | kprobe f"}},
		{"pairs", []program{{"kprobe", "f"}, {"kretprobe", "f"}, {"fentry", "f"}, {"fexit", "f"}}, []string{"fentry f, fexit f | kprobe f, kretprobe f"}},
		{"events", []program{{"tracepoint", "e"}, {"raw_tracepoint", "e"}, {"tp_btf", "e"}, {"kprobe", "e"}},
			[]string{"tp_btf e | raw_tracepoint e | tracepoint e | kprobe e"}},
		{"two of a kind both run", []program{{"kprobe", "f"}, {"kprobe", "f"}}, []string{"kprobe f, kprobe f"}},
		{"entry and return complete each other", []program{{"fentry", "f"}, {"kretprobe", "f"}, {"kprobe", "g"}, {"fexit", "g"}},
			[]string{"fentry f", "kretprobe f", "kprobe g", "fexit g"}},
		{"return serves for both", []program{{"kprobe", "f"}, {"kretprobe", "f"}, {"fexit", "f"}}, []string{"fexit f | kprobe f, kretprobe f"}},
		{"names that changed", []program{{"fentry", "account_page_dirtied"}, {"kprobe", "account_page_dirtied"}, {"kprobe", "folio_account_dirtied"}},
			[]string{"kprobe folio_account_dirtied | fentry account_page_dirtied | kprobe account_page_dirtied"}},
		{"placeholders", []program{{"kprobe", "dummy_kprobe"}, {"kretprobe", "dummy_kretprobe"}, {"fentry", "dummy_fentry"}},
			[]string{"fentry dummy_fentry | kprobe dummy_kprobe", "kretprobe dummy_kretprobe"}},
		{"other functions", []program{{"kprobe", "vfs_read"}, {"fentry", "vfs_write"}, {"kprobe", "tcp_v4_connect"}, {"kprobe", "tcp_v6_connect"}},
			[]string{"kprobe vfs_read", "fentry vfs_write", "kprobe tcp_v4_connect", "kprobe tcp_v6_connect"}},
		{"kinds that have none", []program{{"uprobe", "f"}, {"uretprobe", "f"}, {"kprobe", "f"}, {"lsm", "f"}, {"fmod_ret", "f"}},
			[]string{"uprobe f", "uretprobe f", "kprobe f", "lsm f", "fmod_ret f"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var points []*point
			for _, p := range tc.programs {
				points = append(points, &point{kind: kindNamed(p.kind), symbol: p.symbol})
			}
			var got []string
			for _, g := range groupPoints(points) {
				text := ""
				for i, w := range g.ways {
					for j, p := range w.points {
						switch {
						case j > 0:
							text += ", "
						case i > 0:
							text += " | "
						}
						text += p.kind.name + " " + p.symbol
					}
				}
				got = append(got, text)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n%q\nwant\n%q", got, tc.want)
			}
		})
	}
}

// TestWithout: what a hook asks for takes the place of programs that run at the same moment of the same function, and of no others.
func TestWithout(t *testing.T) {
	for _, tc := range []struct {
		hooked   *point // by its section
		programs []*point
		leftOut  bool
	}{
		{&point{kind: kprobeKind, symbol: "f"}, []*point{{kind: fentryKind, symbol: "f"}}, true},
		{&point{kind: kretprobeKind, symbol: "f"}, []*point{{kind: fexitKind, symbol: "f"}}, true},
		{&point{kind: kprobeKind, symbol: "f"}, []*point{{kind: fentryKind, symbol: "f"}, {kind: fexitKind, symbol: "f"}}, true},
		{&point{kind: kprobeKind, symbol: "f"}, []*point{{kind: fexitKind, symbol: "f"}}, false},
		{&point{kind: kretprobeKind, symbol: "f"}, []*point{{kind: fentryKind, symbol: "f"}}, false},
		{&point{kind: kprobeKind, symbol: "f"}, []*point{{kind: fentryKind, symbol: "g"}}, false},
		{&point{kind: kprobeKind, symbol: "f"}, []*point{{kind: kprobeKind, symbol: "f"}}, false}, // both are to run
		{&point{kind: kprobeKind, symbol: "f"}, []*point{{kind: uprobeKind, symbol: "f"}}, false},
	} {
		name := tc.hooked.kind.name
		for _, p := range tc.programs {
			name += ", " + p.kind.name + " " + p.symbol
			p.name = p.kind.name
		}
		t.Run(name, func(t *testing.T) {
			rest, leftOut := without(groupPoints(tc.programs), []*way{newWay(tc.hooked)})
			if tc.leftOut && (len(rest) > 0 || len(leftOut) != len(tc.programs)) || !tc.leftOut && len(leftOut) > 0 {
				t.Errorf("left out %q", leftOut)
			}
		})
	}
}

func BenchmarkRenamed(b *testing.B) {
	kernel := kernelFunctions()
	for b.Loop() {
		renamed("account_page_dirtied", kernel)
	}
}
