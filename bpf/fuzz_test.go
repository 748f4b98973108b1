package bpf_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// FuzzSection: whatever an ELF section is called, the program in it is either of a kind, with the target that follows in the name, or told to
// be of none, and what is wrong with it is said in a sentence.
func FuzzSection(f *testing.F) {
	for _, p := range open(f, testprog.Kinds).Programs() {
		f.Add(p.Section)
	}
	for _, section := range []string{
		"", "?", "/", "kprobe/", "?kprobe//", "kprobe.multi/*", "kprobe/vfs_read+0xffffffffffffffffff", "ksyscall/\x00", "xdp_drop", "classifier_egress",
		"tp/", "tp/a/b/c", "tp/:", "tp_btf.s/x", "iter/bpf_map_elem", "iter.s/task/1", "struct_ops.s/", "cgroup/skb", "cgroup_skb", "lsm_cgroup/:/", "freplace/a:b:c",
		"uprobe//bin/true:main+0x", "usdt/x:y", "usdt/:::", "netfilter/ipv4", "sk_reuseport/migrate", "tc/sideways", "perf_event/profile:hz:-1", "socket1",
	} {
		f.Add(section)
	}
	kinds := bpf.Kinds()
	f.Fuzz(func(t *testing.T, section string) {
		kind, target, failures := bpf.PlanSection(section)
		if kind != "" && !slices.Contains(kinds, kind) {
			t.Errorf("%q is of the kind %q", section, kind)
		}
		if !strings.HasSuffix(section, target) {
			t.Errorf("%q has the target %q", section, target)
		}
		for _, err := range failures {
			if text := err.Error(); text == "" || strings.Contains(text, "%!") && !strings.Contains(section, "%!") {
				t.Errorf("%q: %s", section, text)
			}
		}
	})
}
