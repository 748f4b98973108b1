package flow

import (
	"fmt"
	"math"

	"github.com/cilium/ebpf/asm"
)

// Layout translates between indexes of instructions and the raw offsets that jumps count in:
// a 64-bit load is one instruction and takes two raw ones.
type Layout struct {
	start []int       // raw offset of each instruction, and of the end
	index map[int]int // back
}

// NewLayout returns the layout of insns.
func NewLayout(insns asm.Instructions) Layout {
	l := Layout{start: make([]int, len(insns)+1), index: make(map[int]int, len(insns))}
	raw := 0
	for i := range insns {
		l.start[i] = raw
		l.index[raw] = i
		raw += int(insns[i].Width())
	}
	l.start[len(insns)] = raw
	return l
}

// Index returns the index of the instruction at a raw offset.
func (l Layout) Index(raw int) (int, bool) {
	i, ok := l.index[raw]
	return i, ok
}

// Target returns the index of the instruction that the jump at index i goes to. ok is false
// where i does not jump by an offset, or jumps to no instruction.
func (l Layout) Target(insns asm.Instructions, i int) (target int, ok bool) {
	d, ok := distance(&insns[i])
	if !ok {
		return 0, false
	}
	return l.Index(l.start[i+1] + d)
}

// distance returns how many raw instructions a jump skips.
func distance(ins *asm.Instruction) (int, bool) {
	if !ins.OpCode.Class().IsJump() || ins.Reference() != "" {
		return 0, false
	}
	switch ins.OpCode.JumpOp() {
	case asm.Call, asm.Exit:
		return 0, false
	}
	if isLong(ins) {
		return int(ins.Constant), true
	}
	return int(ins.Offset), true
}

// isLong reports whether ins is gotol, which keeps its distance in the immediate.
func isLong(ins *asm.Instruction) bool {
	return ins.OpCode.JumpOp() == asm.Ja && ins.OpCode.Class() == asm.Jump32Class
}

// Insert returns insns with each of after[i] put behind instruction i, and jumps moved to fit.
// A jump to the instruction behind i skips what was put there. insns stay as they are.
// It fails where a jump would get too long for its 16 bits.
func Insert(insns asm.Instructions, after map[int]asm.Instructions) (asm.Instructions, error) {
	size := len(insns)
	for _, a := range after {
		size += len(a)
	}
	old := NewLayout(insns)
	out := make(asm.Instructions, 0, size)
	moved := make([]int, len(insns)+1) // raw offset of each old instruction in out
	ends := make([]int, len(insns))    // raw offset behind it, before what was put there
	raw := 0
	for i := range insns {
		moved[i] = raw
		raw += int(insns[i].Width())
		ends[i] = raw
		out = append(out, insns[i])
		for _, ins := range after[i] {
			raw += int(ins.Width())
			out = append(out, ins)
		}
	}
	at := 0
	for i := range insns {
		if target, ok := old.Target(insns, i); ok {
			d := moved[target] - ends[i]
			switch ins := &out[at]; {
			case isLong(ins):
				ins.Constant = int64(d)
			case d < math.MinInt16 || d > math.MaxInt16:
				return nil, fmt.Errorf("move jump %d: distance %d exceeds 16 bits", i, d)
			default:
				ins.Offset = int16(d)
			}
		}
		at += 1 + len(after[i])
	}
	return out, nil
}
