package usdt

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseArgs(t *testing.T) {
	place := Place{
		Site: 0x401000,
		Symbol: func(name string) (uint64, bool) {
			address, ok := map[string]uint64{"table": 0x404000, "counter.0": 0x404100}[name]
			return address, ok
		},
	}
	for _, tc := range []struct {
		machine elf.Machine
		text    string
		want    []Arg
	}{
		{elf.EM_X86_64, "", nil},
		{elf.EM_X86_64, "-4@%edi 8@-1204(%rbp) 1@$7", []Arg{
			{Kind: Register, Size: 4, Signed: true, Reg: 112}, {Kind: Memory, Size: 8, Value: -1204, Reg: 32}, {Kind: Const, Size: 1, Value: 7},
		}},
		{elf.EM_X86_64, "-8@%r15 2@%r8w 1@%sil 1@%ah", []Arg{
			{Kind: Register, Size: 8, Signed: true}, {Kind: Register, Size: 2, Reg: 72}, {Kind: Register, Size: 1, Reg: 104}, {Kind: Register, Size: 1, Reg: 81},
		}},
		{elf.EM_X86_64, "8@(%rsp) -8@$-9 8@$18446744073709551615 4@$0x10", []Arg{
			{Kind: Memory, Size: 8, Reg: 152}, {Kind: Const, Size: 8, Signed: true, Value: -9}, {Kind: Const, Size: 8, Value: -1}, {Kind: Const, Size: 4, Value: 16},
		}},
		{elf.EM_X86_64, "1@-96(%rbp,%rax,8) 1@(%rbp,%rax,4) 1@-96(%rbp,%rax) 1@(%rbp,%rax)", []Arg{
			{Kind: Indexed, Size: 1, Value: -96, Reg: 32, Index: 80, Shift: 3}, {Kind: Indexed, Size: 1, Reg: 32, Index: 80, Shift: 2},
			{Kind: Indexed, Size: 1, Value: -96, Reg: 32, Index: 80}, {Kind: Indexed, Size: 1, Reg: 32, Index: 80},
		}},
		// Memory of variables is found from the instruction.
		{elf.EM_X86_64, "-4@table(%rip) 4@table+8(%rip) 4@8+table(%rip) 4@counter.0-4(%rip)", []Arg{
			{Kind: Memory, Size: 4, Signed: true, Value: 0x3000, Reg: 128}, {Kind: Memory, Size: 4, Value: 0x3008, Reg: 128},
			{Kind: Memory, Size: 4, Value: 0x3008, Reg: 128}, {Kind: Memory, Size: 4, Value: 0x30fc, Reg: 128},
		}},
		{elf.EM_X86_64, "2@table(,%rcx,2) 8@table+16(%rax) 8@table 8@$table", []Arg{
			{Kind: Indexed, Size: 2, Value: 0x3000, Reg: 128, Index: 88, Shift: 1}, {Kind: Memory, Size: 8, Value: 0x404010, Reg: 80},
			{Kind: Memory, Size: 8, Value: 0x3000, Reg: 128}, {Kind: Const, Size: 8, Value: 0x404000},
		}},
		{elf.EM_X86_64, "8f@-8(%rbp)", []Arg{{Kind: Memory, Size: 8, Value: -8, Reg: 32}}},
		{elf.EM_386, "-4@%eax 4@8(%ebp)", []Arg{{Kind: Register, Size: 4, Signed: true, Reg: 80}, {Kind: Memory, Size: 4, Value: 8, Reg: 32}}},
		{elf.EM_AARCH64, "-4@x0 8@[sp, 96] 4@[sp] 4@5 8@x30 4@w1 8@xzr -8@[x29, #-16] 1@-1", []Arg{
			{Kind: Register, Size: 4, Signed: true}, {Kind: Memory, Size: 8, Value: 96, Reg: 248}, {Kind: Memory, Size: 4, Reg: 248},
			{Kind: Const, Size: 4, Value: 5}, {Kind: Register, Size: 8, Reg: 240}, {Kind: Register, Size: 4, Reg: 8}, {Kind: Const, Size: 8},
			{Kind: Memory, Size: 8, Signed: true, Value: -16, Reg: 232}, {Kind: Const, Size: 1, Value: -1},
		}},
		{elf.EM_AARCH64, "4@[x1, x2] 4@[x1, x2, lsl 2] 4@[x1, x2, lsl #3]", []Arg{
			{Kind: Indexed, Size: 4, Reg: 8, Index: 16}, {Kind: Indexed, Size: 4, Reg: 8, Index: 16, Shift: 2}, {Kind: Indexed, Size: 4, Reg: 8, Index: 16, Shift: 3},
		}},
		{elf.EM_ARM, "-4@r4 4@[fp, #-8] 4@#5 4@[r1]", []Arg{
			{Kind: Register, Size: 4, Signed: true, Reg: 16}, {Kind: Memory, Size: 4, Value: -8, Reg: 44}, {Kind: Const, Size: 4, Value: 5}, {Kind: Memory, Size: 4, Reg: 4},
		}},
		{elf.EM_S390, "-8@%r0 -2@-28(%r15) 4@71 8@8(%r1,%r2)", []Arg{
			{Kind: Register, Size: 8, Signed: true, Reg: 24}, {Kind: Memory, Size: 2, Signed: true, Value: -28, Reg: 144},
			{Kind: Const, Size: 4, Value: 71}, {Kind: Indexed, Size: 8, Value: 8, Reg: 32, Index: 40},
		}},
		{elf.EM_RISCV, "-8@a1 -8@-88(s0) 4@5 8@0(sp) 8@zero 8@s11 8@t6", []Arg{
			{Kind: Register, Size: 8, Signed: true, Reg: 88}, {Kind: Memory, Size: 8, Signed: true, Value: -88, Reg: 64}, {Kind: Const, Size: 4, Value: 5},
			{Kind: Memory, Size: 8, Reg: 16}, {Kind: Const, Size: 8}, {Kind: Register, Size: 8, Reg: 216}, {Kind: Register, Size: 8, Reg: 248},
		}},
	} {
		t.Run(tc.machine.String()+" "+tc.text, func(t *testing.T) {
			place := place
			place.Machine = tc.machine
			if diff := cmp.Diff(tc.want, ParseArgs(tc.text, place), cmpopts.EquateErrors()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnreadableArgs: what cannot be read says why, and leaves the others alone.
func TestUnreadableArgs(t *testing.T) {
	for _, tc := range []struct {
		machine elf.Machine
		text    string
		why     string
	}{
		{elf.EM_X86_64, "%eax", `"%eax" is not written "size@operand"`},
		{elf.EM_X86_64, "x@%eax", `the size "x" is no number of bytes`},
		{elf.EM_X86_64, "16@%xmm0", "it has 16 bytes; programs read 1, 2, 4 or 8"},
		{elf.EM_X86_64, "3@%eax", "it has 3 bytes; programs read 1, 2, 4 or 8"},
		{elf.EM_X86_64, "0@%eax", "it has 0 bytes"},
		{elf.EM_X86_64, "-128@%eax", "it has 128 bytes"},
		{elf.EM_X86_64, "8@%xmm0", `programs do not see the register "xmm0"`},
		{elf.EM_X86_64, "8f@%xmm0", "it is a floating-point number in a register"},
		{elf.EM_X86_64, "8@%fs:-8", "it is memory of a thread, at %fs"},
		{elf.EM_X86_64, "8@%fs:16(%rax)", "it is memory of a thread, at %fs"},
		{elf.EM_X86_64, "4@other(%rip)", "it is at other, and the binary has no symbols"},
		{elf.EM_X86_64, "4@x@GOTPCREL(%rip)", "it is at x@GOTPCREL, and the binary has no symbols"},
		{elf.EM_X86_64, "1@(%rbp,%rax,3)", `"(%rbp,%rax,3)" is no operand of EM_X86_64`},
		{elf.EM_X86_64, "1@(%rbp,%rax,8", `is no operand`},
		{elf.EM_X86_64, "1@(rbp)", `is no operand`},
		{elf.EM_X86_64, "1@()", `is no operand`},
		{elf.EM_X86_64, "1@$", `is no operand`},
		{elf.EM_X86_64, "1@", `is no operand`},
		{elf.EM_X86_64, "1@(%rbp,%rax,8,8)", `is no operand`},
		{elf.EM_X86_64, "1@table+other(%rip)", `is no operand`},
		{elf.EM_X86_64, "1@(%rbp,%xmm1,8)", `programs do not see the register "xmm1"`},
		{elf.EM_AARCH64, "8@d0", `programs do not see the register "d0"`},
		{elf.EM_AARCH64, "8@[sp, 96", "is no operand"},
		{elf.EM_AARCH64, "8@[x1, w2, sxtw 2]", "is no operand"},
		{elf.EM_RISCV, "8@fa0", `programs do not see the register "fa0"`},
		{elf.EM_RISCV, "8@8(s0", "is no operand"},
		{elf.EM_PPC64, "8@3", "arguments of binaries for EM_PPC64 are not known to programs"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			args := ParseArgs(tc.text+" 4@%eax", Place{Machine: tc.machine})
			if len(args) != 2 {
				t.Fatalf("%d arguments: %+v", len(args), args)
			}
			if a := args[0]; a.Kind != Unreadable || a.Why == nil || !strings.Contains(a.Why.Error(), tc.why) {
				t.Errorf("%+v, want %s", a, tc.why)
			}
			if tc.machine == elf.EM_X86_64 && args[1].Kind != Register {
				t.Errorf("%+v", args[1])
			}
		})
	}
}

func FuzzParseArgs(f *testing.F) {
	for _, text := range []string{
		"-4@%edi 8@-1204(%rbp) 1@$7", "1@-96(%rbp,%rax,8) 4@table+8(%rip)", "8@[sp, 96] 4@[x1, x2, lsl 2]", "-8@-88(s0) 4@5", "-2@-28(%r15) 8@8(%r1,%r2)", "8f@%xmm0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for machine := range architectures {
			args := ParseArgs(text, Place{Machine: machine, Symbol: func(string) (uint64, bool) { return 1 << 63, true }})
			if len(args) > len(strings.Fields(text)) {
				t.Errorf("%d arguments", len(args))
			}
			for _, a := range args {
				switch {
				case (a.Kind == Unreadable) != (a.Why != nil):
					t.Errorf("%+v", a)
				case a.Size != 1 && a.Size != 2 && a.Size != 4 && a.Size != 8, a.Shift < 0, a.Shift > 15:
					t.Errorf("%+v", a)
				case a.Reg < 0, a.Reg > 1<<12, a.Index < 0, a.Index >= 1<<12:
					t.Errorf("%+v", a)
				}
			}
		}
	})
}
