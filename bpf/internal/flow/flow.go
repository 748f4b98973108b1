// Package flow finds what an eBPF program holds in its registers when it calls
// a helper: which map, which constant; and in which maps it counts. It follows every path, through spills to the stack and
// calls of subprograms, and says that it does not know where paths disagree.
package flow

import (
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf/asm"
)

// Kind is what is known of a value.
type Kind uint8

// Kinds.
const (
	none    Kind = iota // no path has come here yet
	Unknown             // anything
	Map                 // a pointer to the map called Value.Map
	Const               // the number Value.Const
	Element             // a pointer into a value of the map called Value.Map, Value.Const bytes behind its start or, in an array, that of the array
	loaded              // a number that such a value has
	sum                 // such a number with something added
)

// Value is what is known of a register.
type Value struct {
	Kind  Kind
	Map   string
	Const int64
}

var unknown = Value{Kind: Unknown}

// join returns what holds whichever of the two ways was taken.
func (v Value) join(w Value) Value {
	switch {
	case v.Kind == record && w.Kind == Element:
		return v // a record is written to memory of the program's own where the kernel has no ring buffers
	case v.Kind == Element && w.Kind == record:
		return w
	case v.Kind == none:
		return w
	case w.Kind == none, v == w:
		return v
	}
	return unknown
}

// Call is a call of a helper.
type Call struct {
	Index  int // of the instruction
	Helper asm.BuiltinFunc
	Args   [6]Value // Args[1] is R1, ..., Args[5] is R5
}

// Addition is where a program adds to a number that a map keeps: it counts there.
type Addition struct {
	Map    string
	Offset int64 // of the number, where the map is a section of variables; else 0
}

// Additions returns where the program insns counts, without order.
func Additions(insns asm.Instructions) []Addition {
	w := newWalk(insns)
	w.run()
	found := make(map[Addition]struct{})
	w.visit(func(i int, s *state) {
		ins := &insns[i]
		if class := ins.OpCode.Class(); class != asm.StXClass || ins.Dst >= registers || ins.Src >= registers {
			return
		}
		to, what := s.regs[ins.Dst], s.regs[ins.Src]
		if to.Kind != Element || ins.OpCode.Mode() == asm.MemMode && (what.Kind != sum || what.Map != to.Map) {
			return
		}
		a := Addition{Map: to.Map}
		if strings.HasPrefix(to.Map, ".") {
			a.Offset = to.Const + int64(ins.Offset)
		}
		found[a] = struct{}{}
	})
	return slices.Collect(maps.Keys(found))
}

// registers of which something can be known: R0 to R9.
const registers = 10

type state struct {
	regs  [registers]Value
	stack map[int16]Value // by offset from R10; shared between states, so copied on write
}

// mergeInto joins s into at and reports whether that changed it.
func (s *state) mergeInto(at *state) bool {
	changed := false
	for r := range s.regs {
		if v := at.regs[r].join(s.regs[r]); v != at.regs[r] {
			at.regs[r] = v
			changed = true
		}
	}
	// A slot that not every path wrote is unknown: keep the common ones.
	for off, old := range at.stack {
		v, ok := s.stack[off]
		if ok && old == v {
			continue
		}
		at.stack = maps.Clone(at.stack)
		delete(at.stack, off)
		changed = true
	}
	return changed
}

// maxStack is how many bytes a frame has: MAX_BPF_STACK in include/linux/filter.h.
const maxStack = 512

// setSlot writes v to eight bytes of the stack.
func (s *state) setSlot(off int16, v Value) { s.setBytes(off, 8, v) }

// setBytes writes v to so many bytes of the stack.
func (s *state) setBytes(off, size int16, v Value) {
	if off < -maxStack || off >= 0 {
		return // no program that the kernel takes writes there
	}
	s.stack = maps.Clone(s.stack)
	if s.stack == nil {
		s.stack = make(map[int16]Value)
	}
	// Slots that overlap the written bytes no longer hold what they held.
	for o := off - 7; o < off+size; o++ {
		if old, ok := s.stack[o]; ok && o+old.width() > off {
			delete(s.stack, o)
		}
	}
	if v.Kind != Unknown {
		s.stack[off] = v
	}
}

// Calls returns the calls of wanted helpers in insns, which hold a program and its subprograms as
// cilium/ebpf lays them out, in the order of the instructions. Calls that no path reaches are not among them.
func Calls(insns asm.Instructions, wanted func(asm.BuiltinFunc) bool) []Call {
	any := false
	for i := range insns {
		if ins := &insns[i]; ins.IsBuiltinCall() && wanted(asm.BuiltinFunc(ins.Constant)) {
			any = true
			break
		}
	}
	if !any {
		return nil
	}
	w := newWalk(insns)
	w.run()
	var calls []Call
	for i := range insns {
		ins := &insns[i]
		if !ins.IsBuiltinCall() || !wanted(asm.BuiltinFunc(ins.Constant)) {
			continue
		}
		if args, ok := w.args[i]; ok {
			calls = append(calls, Call{Index: i, Helper: asm.BuiltinFunc(ins.Constant), Args: args})
		}
	}
	return calls
}
