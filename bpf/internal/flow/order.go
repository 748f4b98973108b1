package flow

import (
	"maps"

	"github.com/cilium/ebpf/asm"
)

// Port numbers are mostly read from the kernel's structs in network byte order, and many programs send them as they are, in plain integers that
// say nothing of it. What they read they name, for CO-RE; so it can be followed to where it goes.

// Kinds of values that only BigEndian follows.
const (
	frame      Kind = iota + sum + 1 // a pointer to the stack, Value.Const from R10
	record                           // a pointer into what bpf_ringbuf_reserve returned for Value.Map, Value.Const from its start
	bigOffset                        // where in a struct a number of 16 bits in network byte order lies
	bigPointer                       // a pointer to such a number
	big                              // such a number; on the stack Value.Const is how many bytes it takes there
)

// Sent is a place in the records of a stream, or in the keys of a map.
type Sent struct {
	Map    string
	Offset int
}

// BigEndian returns the places in records and keys where the program puts numbers of 16 bits that it read in network byte order, and
// whether nothing else is ever put there. isBig reports whether an instruction has a relocation by CO-RE to a number of that sort.
func BigEndian(insns asm.Instructions, isBig func(*asm.Instruction) bool) map[Sent]bool {
	w := newWalk(insns)
	w.isBig = isBig
	w.run()
	found := make(map[Sent]bool)
	note := func(at Sent, isBig bool) {
		only, known := found[at]
		found[at] = isBig && (only || !known)
	}
	var copies []map[Sent]bool // of the stack
	w.visit(func(i int, s *state) {
		ins := &insns[i]
		switch op := ins.OpCode; {
		case op.Class() == asm.StXClass && op.Mode() == asm.MemMode && ins.Dst < registers && ins.Src < registers && s.regs[ins.Dst].Kind == record:
			to, what := s.regs[ins.Dst], s.regs[ins.Src]
			if op.Size() == asm.Half && what.Kind != Const { // a constant is what a number is before it is known
				note(Sent{to.Map, int(to.Const) + int(ins.Offset)}, what.Kind == big)
			}
		case ins.IsBuiltinCall():
			if places := s.sends(asm.BuiltinFunc(ins.Constant)); places != nil {
				copies = append(copies, places)
			}
		}
	})
	for _, places := range copies {
		for at := range places {
			note(at, true)
		}
	}
	for at := range found {
		for _, places := range copies {
			if _, same := places[at]; !same && sendsTo(places, at.Map) {
				found[at] = false
			}
		}
	}
	maps.DeleteFunc(found, func(at Sent, _ bool) bool { return at.Offset < 0 })
	return found
}

// sendsTo reports whether places are of a record for that map.
func sendsTo(places map[Sent]bool, name string) bool {
	_, ok := places[Sent{name, -1}]
	return ok
}

// sends returns where in a record or key that a helper copies from the stack numbers in network byte order are, and a place -1 for the map; nil where the helper
// is none of those.
func (s *state) sends(helper asm.BuiltinFunc) map[Sent]bool {
	var m, data, size Value
	switch helper {
	case asm.FnRingbufOutput:
		m, data, size = s.regs[asm.R1], s.regs[asm.R2], s.regs[asm.R3]
	case asm.FnMapLookupElem, asm.FnMapUpdateElem:
		m, data, size = s.regs[asm.R1], s.regs[asm.R2], Value{Kind: Const, Const: maxStack} // whoever asks knows how long a key is
	case asm.FnPerfEventOutput, asm.FnSkbOutput, asm.FnXdpOutput:
		m, data, size = s.regs[asm.R2], s.regs[asm.R4], s.regs[asm.R5]
	}
	if m.Kind != Map || data.Kind != frame || size.Kind != Const || size.Const > maxStack {
		return nil
	}
	places := map[Sent]bool{{m.Map, -1}: true}
	for off, v := range s.stack {
		if v.Kind == big && v.Const == 2 && int64(off) >= data.Const && int64(off) < data.Const+size.Const {
			places[Sent{m.Map, int(int64(off) - data.Const)}] = true
		}
	}
	return places
}

// width returns how many bytes of the stack v takes there.
func (v Value) width() int16 {
	if v.Kind == big {
		return int16(v.Const)
	}
	return 8
}

// followBig applies an instruction that is no jump to what only BigEndian follows, and reports whether that was all of it.
func (s *state) followBig(ins *asm.Instruction, isBig bool) bool {
	op := ins.OpCode
	at := func(r asm.Register) Value { // a base register
		switch {
		case r == asm.RFP:
			return Value{Kind: frame}
		case r < registers:
			return s.regs[r]
		}
		return unknown
	}
	set := func(v Value) bool {
		if ins.Dst < registers {
			s.regs[ins.Dst] = v
		}
		return true
	}
	slot := func(base Value) int16 { // 0, where nothing is, for one that is not on the stack
		off := base.Const + int64(ins.Offset)
		if base.Kind != frame || off < -maxStack || off >= 0 {
			return 0
		}
		return int16(off)
	}
	switch class := op.Class(); {
	case class.IsALU():
		return s.calculateBig(ins, isBig, at, set)
	case class == asm.LdXClass && op.Mode() == asm.MemMode:
		from := at(ins.Src)
		switch {
		case op.Size() == asm.Half && (isBig || from.Kind == bigPointer && ins.Offset == 0):
			return set(Value{Kind: big})
		case from.Kind == frame && op.Size() == asm.Half || from.Kind == frame && op.Size() == asm.DWord:
			v, ok := s.stack[slot(from)]
			switch {
			case !ok, v.Kind == big && op.Size() == asm.DWord && v.Const != 8, v.Kind != big && op.Size() != asm.DWord:
				v = unknown
			case v.Kind == big:
				v.Const = 0
			}
			return set(v)
		}
	case class.IsStore() && op.Mode() == asm.MemMode:
		to := at(ins.Dst)
		if to.Kind != frame {
			return false
		}
		v := unknown
		if class == asm.StXClass {
			if v = at(ins.Src); v.Kind == big {
				v.Const = int64(op.Size().Sizeof())
			} else if op.Size() != asm.DWord {
				v = unknown
			}
		}
		s.setBytes(slot(to), int16(op.Size().Sizeof()), v)
		return true
	}
	return false
}

// calculateBig is followBig for arithmetic.
func (s *state) calculateBig(ins *asm.Instruction, isBig bool, at func(asm.Register) Value, set func(Value) bool) bool {
	op, immediate := ins.OpCode, ins.OpCode.Source() == asm.ImmSource
	have := at(ins.Dst)
	switch op.ALUOp() {
	case asm.Mov:
		if immediate {
			return isBig && set(Value{Kind: bigOffset})
		}
		from := at(ins.Src)
		return (from.Kind == big || from.Kind >= frame && op.Class() == asm.ALU64Class) && set(from)
	case asm.Add:
		switch {
		case immediate && isBig, !immediate && (have.Kind == bigOffset || at(ins.Src).Kind == bigOffset):
			return set(Value{Kind: bigPointer})
		case immediate && (have.Kind == frame || have.Kind == record) && op.Class() == asm.ALU64Class:
			have.Const += ins.Constant
			return set(have)
		}
	case asm.LSh, asm.RSh, asm.ArSh: // by which 64 bits are made of less
		return have.Kind == big && immediate && (ins.Constant == 32 || ins.Constant == 48) && set(have)
	case asm.And:
		return have.Kind == big && immediate && ins.Constant == 0xffff && set(have)
	}
	return false
}

// calledBig sets what only BigEndian knows behind a call of a helper that had args.
func (s *state) calledBig(helper asm.BuiltinFunc, args [6]Value) {
	switch helper {
	case asm.FnRingbufReserve:
		if args[1].Kind == Map {
			s.regs[asm.R0] = Value{Kind: record, Map: args[1].Map}
		}
	case asm.FnProbeRead, asm.FnProbeReadKernel, asm.FnProbeReadUser, asm.FnProbeReadStr, asm.FnProbeReadKernelStr, asm.FnProbeReadUserStr:
		to, size := args[1], args[2]
		if to.Kind != frame || size.Kind != Const || size.Const <= 0 || size.Const > maxStack || to.Const < -maxStack || to.Const >= 0 {
			return
		}
		v := unknown
		if size.Const == 2 && args[3].Kind == bigPointer {
			v = Value{Kind: big, Const: 2}
		}
		s.setBytes(int16(to.Const), int16(size.Const), v)
	}
}
