package luart

import (
	lua "github.com/yuin/gopher-lua"
)

// instruction is one of the interpreter's bytecode: 6 bits of opcode, 8 of A, and 9 of C and of B, or 18 of a jump's distance or of a
// constant's number. See the interpreter's opcode.go.
type instruction uint32

const (
	isConstant  = 1 << 8 // set in operands that are constants
	maxOperand  = 1<<8 - 1
	maxConstant = 1<<18 - 1
	maxDistance = 1<<17 - 1 // of a jump, either way; what is added to it as it is encoded
)

func instructionABC(op, a, b, c int) instruction { return instruction(op<<26 | a<<18 | c<<9 | b) }

func instructionABx(op, a, bx int) instruction { return instruction(op<<26 | a<<18 | bx) }

func (i instruction) op() int { return int(i >> 26) }
func (i instruction) a() int  { return int(i>>18) & 0xff }
func (i instruction) b() int  { return int(i) & 0x1ff }
func (i instruction) c() int  { return int(i>>9) & 0x1ff }
func (i instruction) bx() int { return int(i) & 0x3ffff }

// jumps reports whether i has a distance.
func (i instruction) jumps() bool {
	return i.op() == lua.OP_JMP || i.op() == lua.OP_FORLOOP || i.op() == lua.OP_FORPREP
}

// distance is how far the jump i goes, counted from the next instruction.
func (i instruction) distance() int { return i.bx() - maxDistance }

// over returns the jump i with another distance.
func (i instruction) over(distance int) instruction {
	return i&^(1<<18-1) | instruction(distance+maxDistance)
}

// callsBack reports whether i may call a function of the script, if only as a metamethod.
func (i instruction) callsBack() bool {
	switch i.op() {
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_TFORLOOP,
		lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_GETGLOBAL, lua.OP_SELF, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_SETGLOBAL,
		lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW, lua.OP_UNM, lua.OP_LEN, lua.OP_CONCAT,
		lua.OP_EQ, lua.OP_LT, lua.OP_LE:
		return true
	}
	return false
}
