package bpf_test

import (
	"testing"

	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestLogarithmic: the code tells which histograms count by powers of two.
func TestLogarithmic(t *testing.T) {
	needKernel(t)
	for flag, want := range map[string]bool{"-DHALVING": true, "-DLINEAR": false} {
		for _, cpu := range []string{"-mcpu=v1", "-mcpu=v3"} {
			o, err := bpf.Open(compile(t, "histograms.bpf.c", flag, cpu))
			if err != nil {
				t.Fatal(err)
			}
			s, err := load(t, o, bpf.LoadOptions{}).Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if s.Logarithmic != want {
				t.Errorf("%s %s: %v, want %v", flag, cpu, s.Logarithmic, want)
			}
		}
	}
	// What clang makes of __builtin_clzll; that of Debian 12 cannot.
	counting := asm.Instructions{asm.Mov.Reg(asm.R2, asm.R1), asm.LoadImm(asm.R3, 0x5555555555555555, asm.DWord), asm.And.Reg(asm.R2, asm.R3)}
	if !bpf.TakesLogarithms(counting) || bpf.TakesLogarithms(counting[:1]) {
		t.Error("counting of leading zeros is not seen")
	}
}
