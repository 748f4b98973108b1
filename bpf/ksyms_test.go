package bpf_test

import (
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestKernelVariables: programs name typed variables of the kernel by their numbers in its BTF, and those that are missing are 0. Whether
// the verifier finds their addresses depends on CONFIG_KALLSYMS_ALL.
func TestKernelVariables(t *testing.T) {
	needKernel(t)
	o, err := bpf.Open(compile(t, "ksyms.bpf.c"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := bpf.KernelVariable("softnet_data")
	if err != nil {
		t.Fatal(err)
	}
	before, after, err := o.LinkedProgram("read_variables")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for i, ins := range after {
		switch before[i].Reference() {
		case "softnet_data":
			seen++
			if ins.Src != 3 || ins.Constant != int64(id) {
				t.Errorf("%v does not load variable %d", ins, id)
			}
		case "ebpfx_absent":
			seen++
			if ins.Src != 0 || ins.Constant != 0 {
				t.Errorf("%v does not load 0", ins)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d variables are loaded, want 2", seen)
	}
	inst, err := o.Load(bpf.LoadOptions{})
	if err == nil {
		t.Cleanup(func() { inst.Close() })
	} else if !strings.Contains(err.Error(), "failed to find the address for kernel symbol") {
		t.Error(err)
	}
	_, err = bpf.KernelVariable("softnet_date")
	const want = "the kernel's BTF has no variable softnet_date"
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "softnet_data") {
		t.Errorf("got %v, want %s and the name that it has", err, want)
	}
}
