package bpf

import "github.com/cilium/ebpf/asm"

// takesLogarithms reports whether any program computes logarithms to base 2, as those do that count values by their powers of two: what the slots of
// a histogram stand for no object says. The logarithm is taken by halving what is left of the value (log2 in libbpf-tools' bits.bpf.h): comparisons with 2^8, 2^4 and 2^2, and
// shifts by what came out of those; or it is what clang makes of __builtin_clz, which counts bits in a way of its own.
func (o *Object) takesLogarithms() bool {
	for _, p := range o.spec.Programs {
		if takesLogarithms(p.Instructions) {
			return true
		}
	}
	return false
}

func takesLogarithms(insns asm.Instructions) bool {
	const everySecond, everySecondLong = 0x55555555, 0x5555555555555555 // bits, where they are counted
	compared := make(map[int64]bool)
	shifts := false
	for i := range insns {
		ins := &insns[i]
		op := ins.OpCode
		switch class := op.Class(); {
		case class.IsJump() && op.Source() == asm.ImmSource && op.JumpOp() != asm.Call:
			compared[ins.Constant] = true
		case class.IsALU() && op.Source() == asm.RegSource && op.ALUOp() == asm.RSh:
			shifts = true
		case (class.IsALU() || op.IsDWordLoad()) && (ins.Constant == everySecond || ins.Constant == everySecondLong):
			return true
		}
	}
	halves := func(power int64) bool { return compared[power] || compared[power-1] }
	return shifts && halves(1<<8) && halves(1<<4) && halves(1<<2)
}
