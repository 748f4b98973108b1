package flow

import (
	"github.com/cilium/ebpf/asm"
)

// walk computes the state at the start of every basic block until nothing changes any more. Values
// only ever go from one thing to unknown, so that this ends soon.
type walk struct {
	insns   asm.Instructions
	layout  Layout
	targets map[int]struct{} // where blocks start because a jump leads there
	leaders map[int]*state   // what is known at the start of each block
	args    map[int][6]Value // by index of a call
	symbols map[string]int   // functions
	pending []int            // leaders whose state changed
	queued  map[int]struct{}
	isBig   func(*asm.Instruction) bool // of BigEndian; nil for the others
}

func newWalk(insns asm.Instructions) *walk {
	w := &walk{
		insns:   insns,
		layout:  NewLayout(insns),
		targets: make(map[int]struct{}),
		leaders: make(map[int]*state),
		args:    make(map[int][6]Value),
		symbols: make(map[string]int),
		queued:  make(map[int]struct{}),
	}
	for i := range insns {
		if s := insns[i].Symbol(); s != "" {
			w.symbols[s] = i
			w.targets[i] = struct{}{}
		}
	}
	for i := range insns {
		if t, ok := w.target(i); ok {
			w.targets[t] = struct{}{}
		}
	}
	return w
}

// target returns where the jump at index i leads.
func (w *walk) target(i int) (int, bool) {
	if t, ok := w.layout.Target(w.insns, i); ok {
		return t, true
	}
	// A jump to a symbol, which inline assembly may hold.
	ins := &w.insns[i]
	if !ins.OpCode.Class().IsJump() || ins.Reference() == "" {
		return 0, false
	}
	t, ok := w.symbols[ins.Reference()]
	return t, ok && ins.OpCode.JumpOp() != asm.Call
}

func (w *walk) run() {
	var start state
	for r := range start.regs {
		start.regs[r] = unknown
	}
	w.reach(0, &start)
	// A function whose address is taken is called by the kernel, with anything.
	for i := range w.insns {
		if ins := &w.insns[i]; ins.IsLoadOfFunctionPointer() {
			if f, ok := w.symbols[ins.Reference()]; ok {
				w.reach(f, &start)
			}
		}
	}
	for len(w.pending) > 0 {
		last := len(w.pending) - 1
		at := w.pending[last]
		w.pending = w.pending[:last]
		delete(w.queued, at)
		w.block(at)
	}
}

// reach notes that a path comes to instruction at with state s.
func (w *walk) reach(at int, s *state) {
	if at < 0 || at >= len(w.insns) {
		return
	}
	old, ok := w.leaders[at]
	if !ok {
		c := *s
		w.leaders[at] = &c
	} else if !s.mergeInto(old) {
		return
	}
	if _, ok := w.queued[at]; !ok {
		w.queued[at] = struct{}{}
		w.pending = append(w.pending, at)
	}
}

// block follows the instructions from leader at to the end of its block.
func (w *walk) block(at int) {
	s := *w.leaders[at]
	for i := at; i < len(w.insns); i++ {
		if i != at {
			if _, ok := w.targets[i]; ok {
				w.reach(i, &s)
				return
			}
		}
		ins := &w.insns[i]
		class := ins.OpCode.Class()
		if !class.IsJump() {
			w.step(&s, ins)
			continue
		}
		switch ins.OpCode.JumpOp() {
		case asm.Exit:
			return
		case asm.Call:
			w.call(i, &s)
		default:
			if target, ok := w.target(i); ok {
				w.reach(target, &s)
			}
			if ins.OpCode.JumpOp() != asm.Ja {
				w.reach(i+1, &s)
			}
			return
		}
	}
}

func (w *walk) call(i int, s *state) {
	ins := &w.insns[i]
	switch {
	case ins.IsBuiltinCall():
		var args [6]Value
		copy(args[1:], s.regs[1:6])
		if old, ok := w.args[i]; ok {
			for r := range args {
				args[r] = args[r].join(old[r])
			}
		}
		w.args[i] = args
	case ins.IsFunctionCall():
		if f, ok := w.symbols[ins.Reference()]; ok {
			callee := state{}
			for r := range callee.regs {
				callee.regs[r] = unknown
			}
			copy(callee.regs[1:6], s.regs[1:6])
			for r := range callee.regs {
				if callee.regs[r].Kind == frame {
					callee.regs[r] = unknown // it has a stack of its own
				}
			}
			w.reach(f, &callee)
		}
	}
	w.returned(s, ins)
}

// step applies one instruction that is no jump.
func (w *walk) step(s *state, ins *asm.Instruction) {
	if w.isBig != nil && s.followBig(ins, w.isBig(ins)) {
		return
	}
	s.step(ins)
}

// returned sets what is known behind a call.
func (w *walk) returned(s *state, ins *asm.Instruction) {
	m := s.regs[asm.R1]
	if w.isBig != nil && ins.IsBuiltinCall() {
		var args [6]Value
		copy(args[1:], s.regs[1:6])
		defer s.calledBig(asm.BuiltinFunc(ins.Constant), args)
	}
	for r := asm.R0; r <= asm.R5; r++ {
		s.regs[r] = unknown
	}
	if ins.IsBuiltinCall() && m.Kind == Map {
		switch asm.BuiltinFunc(ins.Constant) {
		case asm.FnMapLookupElem, asm.FnMapLookupPercpuElem:
			s.regs[asm.R0] = Value{Kind: Element, Map: m.Map}
		}
	}
}

// visit calls see for each instruction that a path reaches, with what is known before it.
func (w *walk) visit(see func(i int, s *state)) {
	for at, known := range w.leaders {
		s := *known
		for i := at; i < len(w.insns); i++ {
			if _, ok := w.targets[i]; ok && i != at {
				break
			}
			see(i, &s)
			ins := &w.insns[i]
			if !ins.OpCode.Class().IsJump() {
				w.step(&s, ins)
				continue
			}
			if ins.OpCode.JumpOp() != asm.Call {
				break // behind it another block begins
			}
			w.returned(&s, ins)
		}
	}
}

// step is step of all walks.
func (s *state) step(ins *asm.Instruction) {
	set := func(v Value) {
		if ins.Dst < registers {
			s.regs[ins.Dst] = v
		}
	}
	get := func(r asm.Register) Value {
		if r < registers {
			return s.regs[r]
		}
		return unknown
	}
	op := ins.OpCode
	switch class := op.Class(); {
	case op.IsDWordLoad():
		switch {
		case ins.IsLoadFromMap() && ins.Src == asm.PseudoMapFD && ins.Reference() != "":
			set(Value{Kind: Map, Map: ins.Reference()})
		case ins.IsLoadFromMap() && ins.Src == asm.PseudoMapValue && ins.Reference() != "":
			set(Value{Kind: Element, Map: ins.Reference(), Const: ins.Constant >> 32})
		case ins.IsConstantLoad(asm.DWord) && ins.Reference() == "":
			set(Value{Kind: Const, Const: ins.Constant})
		default:
			set(unknown)
		}
	case class.IsALU():
		if op.ALUOp() != asm.Mov {
			other := unknown
			if op.Source() == asm.RegSource {
				other = get(ins.Src)
			}
			set(get(ins.Dst).calculated(ins, other))
			return
		}
		if op.Source() == asm.ImmSource {
			v := Value{Kind: Const, Const: ins.Constant}
			if class == asm.ALUClass { // 32 bits, zero-extended
				v.Const = int64(uint32(ins.Constant))
			}
			set(v)
			return
		}
		v := get(ins.Src)
		if class == asm.ALUClass {
			switch v.Kind {
			case Const:
				v.Const = int64(uint32(v.Const))
			case loaded, sum:
			default:
				v = unknown
			}
		}
		set(v)
	case class == asm.LdXClass:
		if v, ok := s.stack[ins.Offset]; ok && ins.Src == asm.RFP && op.Size() == asm.DWord && op.Mode() == asm.MemMode {
			set(v)
			return
		}
		if from := get(ins.Src); from.Kind == Element && op.Mode() == asm.MemMode {
			set(Value{Kind: loaded, Map: from.Map})
			return
		}
		set(unknown)
	case class == asm.StXClass && op.Mode() != asm.MemMode:
		// Atomics may fetch into Src, and into R0 where they compare.
		if ins.Src < registers {
			s.regs[ins.Src] = unknown
		}
		s.regs[asm.R0] = unknown
		if ins.Dst == asm.RFP {
			s.setSlot(ins.Offset, unknown)
		}
	case class.IsStore() && ins.Dst == asm.RFP:
		v := unknown
		if class == asm.StXClass && op.Size() == asm.DWord {
			v = get(ins.Src)
		}
		s.setSlot(ins.Offset, v)
	case class == asm.LdClass:
		// BPF_LD_ABS and BPF_LD_IND are calls in disguise.
		for r := asm.R0; r <= asm.R5; r++ {
			s.regs[r] = unknown
		}
	}
}

// calculated returns what is known of v behind ins, an operation other than a move, with other in its second register.
func (v Value) calculated(ins *asm.Instruction, other Value) Value {
	op := ins.OpCode
	if op.ALUOp() != asm.Add && op.ALUOp() != asm.Sub {
		return unknown
	}
	switch {
	case v.Kind == loaded || v.Kind == sum:
		return Value{Kind: sum, Map: v.Map}
	case other.Kind == loaded || other.Kind == sum:
		return Value{Kind: sum, Map: other.Map}
	case v.Kind == Element && op.Class() == asm.ALU64Class:
		// An element of an array in the value. In a section it is still of the same variable.
		if op.Source() == asm.ImmSource {
			v.Const += ins.Constant
		}
		return v
	}
	return unknown
}
