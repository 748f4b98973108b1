package luart

import (
	"errors"

	lua "github.com/yuin/gopher-lua"
)

// Some instructions the interpreter gets wrong for some operands: it rounds sums and products above 2^53, it refuses to compare a number with a
// 64-bit value before it asks any metamethod, it knows lists only up to a length, and texts have none. And it never looks whether code is to be ended. All
// that is mended in the bytecode, by instructions that are put in front:
//
//	EQ  0 check nil     ; skips the next one if it is equal
//	ADD A B C
//
// To compare a check with nil the interpreter asks it for its type, which is where our code runs: it looks at the operands, and if they
// are of the kind that goes wrong it does itself what the instruction would have done, and says that it is nil. That takes a tenth of
// the time of a call. Which instructions need it is marked in the text, see rewrite.

// instrumented is a function that is being given its checks.
type instrumented struct {
	script *Script
	proto  *lua.FunctionProto
	code   []uint32
	lines  []int
	line   int   // of what is added
	at     []int // by number of an instruction: where it is now, or what was put in front of it
	jumps  []pendingJump
	shared map[lua.LValue]int // constants that several checks have, by number
	spare  int                // the first of two registers that nothing else uses; 0: none yet
}

// pendingJump is a jump to what was instruction number to.
type pendingJump struct{ at, to int }

var errTooLarge = errors.New("the code is too large for the interpreter; split it into functions")

// instrument gives p and the functions in it their checks. The beginning of the function first, which is only called from Go, needs no look
// at the alarm.
func (s *Script) instrument(p, first *lua.FunctionProto) error {
	for _, inner := range p.FunctionPrototypes {
		if err := s.instrument(inner, first); err != nil {
			return err
		}
	}
	return (&instrumented{script: s, proto: p, shared: make(map[lua.LValue]int)}).build(p != first)
}

func (f *instrumented) build(lookFirst bool) error {
	old, oldLines := f.proto.Code, f.proto.DbgSourcePositions
	heads, calls := f.loopHeads()
	heads[0] = heads[0] || lookFirst && calls
	instructions := make([]int, len(old)) // where they are now, without what is in front
	for pc := 0; pc < len(old); {
		n := f.length(pc)
		for i := range n {
			if i > 0 && heads[pc+i] { // a loop begins inside of a row of moves
				n = i
				f.proto.Code[pc] = uint32(instructionABC(lua.OP_MOVE, instruction(old[pc]).a(), instruction(old[pc]).b(), 0))
				break
			}
		}
		f.line = oldLines[pc] &^ needsCheck
		f.at = append(f.at, len(f.code))
		if heads[pc] {
			f.equal(0, f.script.alarm)
		}
		if inst := instruction(old[pc]); oldLines[pc]&needsCheck != 0 || inst.op() == lua.OP_FORPREP || inst.op() == lua.OP_CONCAT {
			f.check(pc, inst)
		}
		for i := range n {
			if i > 0 {
				f.at = append(f.at, len(f.code))
			}
			instructions[pc+i] = len(f.code)
			f.emit(instruction(old[pc+i]))
		}
		if inst := instruction(old[pc]); inst.jumps() {
			f.jumps = append(f.jumps, pendingJump{len(f.code) - 1, pc + 1 + inst.distance()})
		}
		pc += n
	}
	f.at = append(f.at, len(f.code))
	for _, j := range f.jumps {
		distance := f.at[j.to] - (j.at + 1)
		if distance > maxDistance || distance < -maxDistance {
			return errTooLarge
		}
		f.code[j.at] = uint32(instruction(f.code[j.at]).over(distance))
	}
	if len(f.proto.Constants) > maxConstant {
		return errTooLarge
	}
	for _, l := range f.proto.DbgLocals {
		l.StartPc, l.EndPc = f.at[l.StartPc], f.at[min(l.EndPc, len(old))]
	}
	for i, c := range f.proto.DbgCalls {
		f.proto.DbgCalls[i].Pc = instructions[c.Pc]
	}
	f.proto.Code, f.proto.DbgSourcePositions = f.code, f.lines
	return nil
}

// loopHeads returns to which instructions there are jumps back, and whether the function may call others.
func (f *instrumented) loopHeads() (heads map[int]bool, calls bool) {
	heads = make(map[int]bool)
	for pc := 0; pc < len(f.proto.Code); pc += f.length(pc) {
		i := instruction(f.proto.Code[pc])
		if i.jumps() && i.distance() < 0 {
			heads[pc+1+i.distance()] = true
		}
		calls = calls || i.callsBack()
	}
	return heads, calls
}

// length is how many instructions belong together from pc on.
func (f *instrumented) length(pc int) int {
	switch i := instruction(f.proto.Code[pc]); i.op() {
	case lua.OP_CLOSURE: // followed by one for each upvalue
		return 1 + int(f.proto.FunctionPrototypes[i.bx()].NumUpvalues)
	case lua.OP_MOVEN:
		return 1 + i.c()
	}
	return 1
}

// check puts a check in front of the instruction inst, which was number pc.
func (f *instrumented) check(pc int, inst instruction) {
	s := f.script
	switch inst.op() {
	case lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW:
		f.equal(0, &arithmeticCheck{s, inst.op(), inst.a(), f.operand(inst.b()), f.operand(inst.c())})
	case lua.OP_UNM:
		f.equal(0, &negationCheck{s, inst.a(), f.operand(inst.b())})
	case lua.OP_LEN:
		f.equal(0, &lengthCheck{s, inst.a(), f.operand(inst.b())})
	case lua.OP_CONCAT:
		f.equal(0, &concatCheck{s, inst.b(), inst.c()})
	case lua.OP_SETTABLE:
		f.equal(0, &storeCheck{s, inst.a(), f.operand(inst.b())})
	case lua.OP_FORPREP:
		f.equal(0, &loopCheck{s, inst.a()})
	case lua.OP_EQ, lua.OP_LT, lua.OP_LE:
		// The outcome of these is whether the next instruction, a jump, is skipped:
		//
		//	     EQ 0 check nil      ; the outcome is known: go on behind the next one
		//	     JMP here
		//	     EQ A compared nil
		//	     JMP target
		//	     JMP behind
		//	here LT A B C
		//	     JMP target
		target := pc + 2
		if next := instruction(f.proto.Code[pc+1]); next.jumps() {
			target += next.distance()
		}
		f.equal(0, &comparisonCheck{s, inst.op(), f.operand(inst.b()), f.operand(inst.c())})
		around := len(f.code)
		f.emit(instructionABx(lua.OP_JMP, 0, 0))
		f.equal(inst.a(), &s.compared)
		for _, to := range []int{target, pc + 2} {
			f.jumps = append(f.jumps, pendingJump{len(f.code), to})
			f.emit(instructionABx(lua.OP_JMP, 0, 0))
		}
		f.code[around] = uint32(instruction(f.code[around]).over(len(f.code) - (around + 1)))
	}
}

func (f *instrumented) emit(i instruction) {
	f.code = append(f.code, uint32(i))
	f.lines = append(f.lines, f.line)
}

// equal emits EQ a v nil.
func (f *instrumented) equal(a int, v lua.LValue) {
	b, c := f.constant(v), f.constant(lua.LNil)
	if b <= maxOperand && c <= maxOperand {
		f.emit(instructionABC(lua.OP_EQ, a, b|isConstant, c|isConstant))
		return
	}
	if f.spare == 0 {
		f.spare = int(f.proto.NumUsedRegisters) // at most 200
		f.proto.NumUsedRegisters += 2
	}
	f.emit(instructionABx(lua.OP_LOADK, f.spare, min(b, maxConstant)))
	f.emit(instructionABx(lua.OP_LOADK, f.spare+1, min(c, maxConstant)))
	f.emit(instructionABC(lua.OP_EQ, a, f.spare, f.spare+1))
}

// constant returns the number of v among the constants.
func (f *instrumented) constant(v lua.LValue) int {
	if i, ok := f.shared[v]; ok {
		return i
	}
	f.shared[v] = len(f.proto.Constants)
	f.proto.Constants = append(f.proto.Constants, v)
	return f.shared[v]
}

// operand returns where an operand of an instruction is.
func (f *instrumented) operand(o int) operandPlace {
	if o&isConstant != 0 {
		return operandPlace{constant: f.proto.Constants[o&^isConstant]}
	}
	return operandPlace{argument: o + 1}
}
