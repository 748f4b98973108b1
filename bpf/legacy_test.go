package bpf_test

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestLegacyMaps: maps of SEC("maps"), which libbpf no longer takes, hold and send what others do.
func TestLegacyMaps(t *testing.T) {
	o, err := bpf.Open(compile(t, "legacy.bpf.c"))
	if err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{})
	attach(t, inst)
	pid := uint64(os.Getpid())
	ours := func(r record) bool { return r.stream == "legacy_events" && r.field(t, "pid") == pid }
	if records := run(t, inst, stir); !slices.ContainsFunc(records, ours) {
		t.Errorf("no event of this process among %v", records)
	}
	counts, err := inst.Map("legacy_counts")
	if err != nil {
		t.Fatal(err)
	}
	value, err := counts.Lookup(binary.NativeEndian.AppendUint32(nil, uint32(pid)))
	if err != nil || len(value) != 8 || value[0] != 1 {
		t.Errorf("the map holds %v, %v", value, err)
	}
}

// TestLegacySections: sections that libbpf took before 1.0, and those of iproute2 and bcc, are of the kind that their names begin with.
func TestLegacySections(t *testing.T) {
	for _, tc := range []struct{ section, kind, target string }{
		{"kprobe/vfs_read", "kprobe", "vfs_read"},
		{"kretprobe/vfs_read", "kretprobe", "vfs_read"},
		{"tracepoint/sched/sched_switch", "tracepoint", "sched/sched_switch"},
		{"raw_tracepoint/sched_switch", "raw_tracepoint", "sched_switch"},
		{"classifier", "tc", ""},
		{"classifier/ingress", "tc", ""},
		{"classifier_egress", "tc", ""},
		{"tc_ingress", "tc", ""},
		{"xdp_drop", "xdp", ""},
		{"xdp_pass/1", "xdp", ""},
		{"socket", "socket_filter", ""},
		{"socket1", "socket_filter", ""},
		{"socket_filter", "socket_filter", ""},
		{"socket/http", "socket_filter", ""},
		{"perf_event_1", "perf_event", ""},
		{"sockops", "sockops", ""},
		{"action", "", ""}, // loads, and is told to be attached by tc
		{"prog", "", ""},
	} {
		kind, target, failures := bpf.PlanSection(tc.section)
		if kind != tc.kind || target != tc.target {
			t.Errorf("SEC(%q) is %q of %q, want %q of %q", tc.section, kind, target, tc.kind, tc.target)
		}
		if kind == "" && len(failures) == 0 {
			t.Errorf("SEC(%q): nothing says that it is not attached", tc.section)
		}
	}
}
