package bpf

import (
	"testing"

	"github.com/cilium/ebpf"
)

// What a tracepoint is called is no type of the kernel: to parse all of those would be most of the start of a small tool.
func TestNeedsKernelTypes(t *testing.T) {
	for _, tc := range []struct {
		spec ebpf.ProgramSpec
		want bool
	}{
		{ebpf.ProgramSpec{Type: ebpf.TracePoint, AttachTo: "syscalls/sys_enter_openat"}, false},
		{ebpf.ProgramSpec{Type: ebpf.Kprobe, AttachTo: "vfs_read"}, false},
		{ebpf.ProgramSpec{Type: ebpf.Tracing, AttachTo: "sched_switch"}, true},
		{ebpf.ProgramSpec{Type: ebpf.LSM, AttachTo: "file_open"}, true},
	} {
		if got := needsKernelTypes(&tc.spec); got != tc.want {
			t.Errorf("%v to %s: %v", tc.spec.Type, tc.spec.AttachTo, got)
		}
	}
}
