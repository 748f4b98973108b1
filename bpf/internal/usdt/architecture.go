package usdt

import (
	"debug/elf"
	"fmt"
	"strconv"
	"strings"
)

// architecture is how arguments are written for a machine, and where its registers are.
type architecture struct {
	// parse reads an operand in the syntax of the assembler, without any space.
	parse func(text string) (operand, bool)
	// offsets are those of the registers in the struct that programs are given, by name.
	offsets map[string]int
	// pointer is the register of the instruction pointer, where operands may count from it.
	pointer string
}

// architectures are those of which libbpf knows the registers (usdt.c), and 32-bit binaries on x86-64, whose kernel keeps their
// registers as it does those of others.
var architectures = map[elf.Machine]*architecture{
	elf.EM_X86_64:  {parseATT, x86Registers(), "rip"},
	elf.EM_386:     {parseATT, x86Registers(), "rip"},
	elf.EM_AARCH64: {parseARM, arm64Registers(), ""},
	elf.EM_ARM:     {parseARM, armRegisters(), ""},
	elf.EM_S390:    {parseATT, s390Registers(), ""},
	elf.EM_RISCV:   {parseRISCV, riscvRegisters(), ""},
}

func (a *architecture) register(name string) (offset int, err error) {
	offset, ok := a.offsets[name]
	if !ok {
		return 0, fmt.Errorf("programs do not see the register %q", name)
	}
	return offset, nil
}

// x86Registers are those of struct pt_regs in arch/x86/include/asm/ptrace.h.
func x86Registers() map[string]int {
	offsets := make(map[string]int)
	order := []string{"15", "14", "13", "12", "bp", "bx", "11", "10", "9", "8", "ax", "cx", "dx", "si", "di", "", "ip", "", "", "sp"}
	for i, name := range order {
		at := 8 * i
		switch {
		case name == "":
		case name[0] < 'a':
			for _, part := range []string{"", "d", "w", "b", "l"} {
				offsets["r"+name+part] = at
			}
		default:
			offsets["r"+name], offsets["e"+name], offsets[name] = at, at, at
			if low, ok := strings.CutSuffix(name, "x"); ok {
				offsets[low+"l"], offsets[low+"h"] = at, at+1
			} else {
				offsets[name+"l"] = at
			}
		}
	}
	return offsets
}

// arm64Registers are those of struct user_pt_regs in arch/arm64/include/uapi/asm/ptrace.h.
func arm64Registers() map[string]int {
	offsets := map[string]int{"sp": 31 * 8, "wsp": 31 * 8, "fp": 29 * 8, "lr": 30 * 8}
	for i := range 31 {
		n := strconv.Itoa(i)
		offsets["x"+n], offsets["w"+n] = 8*i, 8*i
	}
	return offsets
}

// armRegisters are those of struct pt_regs in arch/arm/include/uapi/asm/ptrace.h.
func armRegisters() map[string]int {
	offsets := map[string]int{"fp": 11 * 4, "ip": 12 * 4, "sp": 13 * 4, "lr": 14 * 4, "pc": 15 * 4}
	for i := range 16 {
		offsets["r"+strconv.Itoa(i)] = 4 * i
	}
	return offsets
}

// s390Registers are those of user_pt_regs in arch/s390/include/uapi/asm/ptrace.h: behind an argument of 8 and a status of 16 bytes.
func s390Registers() map[string]int {
	offsets := make(map[string]int)
	for i := range 16 {
		offsets["r"+strconv.Itoa(i)] = 24 + 8*i
	}
	return offsets
}

// riscvRegisters are those of struct user_regs_struct in arch/riscv/include/uapi/asm/ptrace.h.
func riscvRegisters() map[string]int {
	offsets := make(map[string]int)
	for i, name := range strings.Fields("pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6") {
		offsets[name] = 8 * i
	}
	offsets["fp"] = offsets["s0"]
	return offsets
}
