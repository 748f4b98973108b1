package bpf_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestMend runs what libbpf takes and cilium/ebpf refuses or reads otherwise; the source says what that is.
func TestMend(t *testing.T) {
	o, err := bpf.Open(compile(t, "mend.bpf.c"))
	if err != nil {
		t.Fatal(err)
	}
	needKernel(t)
	needConfig(t)
	var notices []string
	inst := load(t, o, bpf.LoadOptions{Notice: func(text string) { notices = append(notices, text) }})
	_, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	records := run(t, inst, stir)

	t.Run("values", func(t *testing.T) {
		i := slices.IndexFunc(records, func(r record) bool { return r.stream == "odd" })
		if i < 0 {
			t.Fatalf("no event among %v", records)
		}
		r := records[i]
		for field, want := range map[string]uint64{
			"cookie": 1, "wrapper": 1, "wings": 0, "syscall": 1, "modular": 1, "net": 'y', "missing": 0, "apart": 1,
		} {
			if got := r.field(t, field); got != want {
				t.Errorf("%s is %d, want %d", field, got, want)
			}
		}
		if v := r.field(t, "kernel"); v < 0x50000 {
			t.Errorf("LINUX_KERNEL_VERSION is %#x", v)
		}
		if v := r.field(t, "hz"); v < 100 || v > 1200 {
			t.Errorf("CONFIG_HZ is %d", v)
		}
		compiler := string(r.typ.AppendText(nil, r.data))
		if !strings.Contains(compiler, `compiler="gcc (`) && !strings.Contains(compiler, `compiler="clang`) {
			t.Errorf("CONFIG_CC_VERSION_TEXT: %s", compiler)
		}
		if stack := int32(r.field(t, "stack")); stack < 0 {
			t.Errorf("bpf_get_stackid returns %d", stack)
		}
	})
	t.Run("callback", func(t *testing.T) {
		i := slices.IndexFunc(records, func(r record) bool { return r.stream == "unsized_ring" })
		if i < 0 || len(records[i].data) < 4 || records[i].data[0] != 0+1+2+3 {
			t.Errorf("the sum is not among %v", records)
		}
	})
	t.Run("sizes", func(t *testing.T) {
		want := []string{
			"stacks: the source leaves its size open; taking 10240 entries",
			"unsized: the source leaves its size open; taking 10240 entries",
			"unsized_ring: the source leaves its size open; taking 262144 bytes",
		}
		if diff := cmp.Diff(want, notices); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("sections", func(t *testing.T) {
		got := make(map[string]string)
		for _, s := range skipped {
			got[s.Program] = s.Error()
		}
		for program, want := range map[string]string{
			"optional":          `program optional is not attached: SEC("?tp/syscalls/sys_enter_getppid") is optional; write attach_to("optional", "group:event") to have it`,
			"custom":            `program custom is not attached: SEC("my_own_name"): the section says nothing of how to attach it; give it a kind and a target with set_kind and attach_to`,
			"legacy_xdp":        `program legacy_xdp is not attached: SEC("xdp_pass") names no target; write attach_to("legacy_xdp", "interface")`,
			"legacy_classifier": `program legacy_classifier is not attached: SEC("classifier_egress") names no target; write attach_to("legacy_classifier", "interface:ingress")`,
			"run":               `program run is not attached: SEC("struct_ops/run") is in no table: assign the program to a member of a variable in SEC(".struct_ops.link")`,
		} {
			if got[program] != want {
				t.Errorf("got  %s\nwant %s", got[program], want)
			}
			delete(got, program)
		}
		for _, more := range slices.Sorted(maps.Values(got)) {
			t.Error(more)
		}
	})
}

// TestCustomSection attaches a program whose section nobody knows as a hook says.
func TestCustomSection(t *testing.T) {
	o, err := bpf.Open(compile(t, "mend.bpf.c"))
	if err != nil {
		t.Fatal(err)
	}
	needConfig(t)
	inst := load(t, o, bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "custom", Kind: "tracepoint", Where: "syscalls:sys_enter_getppid"}}})
	attached, _, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	want := bpf.Attached{Program: "custom", Kind: "tracepoint", Where: "syscalls:sys_enter_getppid"}
	if !slices.Contains(attached, want) {
		t.Errorf("attached %v", attached)
	}
}

// needConfig skips tests of extern variables where the kernel's configuration cannot be read.
func needConfig(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/config.gz"); err == nil {
		return
	}
	if files, err := os.ReadDir("/boot"); err == nil && slices.ContainsFunc(files, func(f os.DirEntry) bool { return strings.HasPrefix(f.Name(), "config-") }) {
		return
	}
	t.Skip("this kernel does not tell its configuration")
}
