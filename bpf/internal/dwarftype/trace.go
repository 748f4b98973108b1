package dwarftype

import (
	"cmp"
	"maps"
	"slices"
)

// Instructions (include/uapi/linux/bpf_common.h, bpf.h).
const (
	classMask                                                                                 = 0x07
	classLoad, classLoadX, classStore, classStoreX, class32, classJump, classJump32, classALU = 0, 1, 2, 3, 4, 5, 6, 7

	opCall     = 0x85
	opExit     = 0x95
	opLoadImm  = 0x18 // 64 bits in two instructions
	opJumpLong = 0x06 // gotol
	fromReg    = 0x08 // BPF_X
	modeMask   = 0xe0
	modeMem    = 0x60
	sizeMask   = 0x18
	sizeDouble = 0x18
	pseudoCall = 1
	frame      = 10 // R10, the frame pointer
	slotSize   = 8
	maxStack   = 512 // bytes of a frame: MAX_BPF_STACK
	maxOrigins = 6   // of a value; one that may come from more places is not followed
	maxVisits  = 64  // of a block, in functions whose loops count through pointers
)

// source says what a value is.
type source uint8

const (
	constant   source = iota // the number in offset
	result                   // what instruction number index left in its register
	argument                 // the function's argument number index
	stack                    // the address offset of the frame
	data                     // the address offset in section number index
	mapPointer               // the map of the symbol at offset in section number index
)

// origin is where a value comes from. offset is what was added to it since.
type origin struct {
	source source
	index  int
	offset int64
}

func (o origin) plus(n int64) origin {
	o.offset += n
	return o
}

// value is what a register may hold, in order and without repetition; nil is anything.
type value []origin

func one(s source, index int, offset int64) value { return value{{s, index, offset}} }

func compareOrigins(a, b origin) int {
	return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.index, b.index), cmp.Compare(a.offset, b.offset))
}

// join returns what holds whichever of the two ways was taken.
func (v value) join(w value) value {
	if v == nil || w == nil {
		return nil
	}
	if slices.Equal(v, w) {
		return v
	}
	all := slices.Concat(v, w)
	slices.SortFunc(all, compareOrigins)
	if all = slices.Compact(all); len(all) > maxOrigins {
		return nil
	}
	return all
}

func (v value) plus(n int64) value {
	if v == nil || n == 0 {
		return v
	}
	w := make(value, len(v))
	for i, o := range v {
		w[i] = o.plus(n)
	}
	return w
}

// number returns the value if it is one number.
func (v value) number() (int64, bool) {
	if len(v) != 1 || v[0].source != constant {
		return 0, false
	}
	return v[0].offset, true
}

// address returns the offset in the frame if that is what v is.
func (v value) address() (int64, bool) {
	if len(v) != 1 || v[0].source != stack {
		return 0, false
	}
	return v[0].offset, true
}

// state is what registers and stack slots hold. Slots are shared between states, so copied on write.
type state struct {
	regs  [11]value
	slots map[int64]value
}

// merge joins s into at and reports whether that changed it.
func (s *state) merge(at *state) bool {
	changed := false
	for r := range s.regs {
		if v := at.regs[r].join(s.regs[r]); !slices.Equal(v, at.regs[r]) || (v == nil) != (at.regs[r] == nil) {
			at.regs[r] = v
			changed = true
		}
	}
	for off, old := range at.slots {
		v := old.join(s.slots[off])
		if slices.Equal(v, old) {
			continue
		}
		at.slots = maps.Clone(at.slots)
		if changed = true; v == nil {
			delete(at.slots, off)
		} else {
			at.slots[off] = v
		}
	}
	return changed
}

func (s *state) store(off int64, v value) {
	if off < -maxStack || off >= 0 {
		return // no program that the kernel takes writes there
	}
	s.slots = maps.Clone(s.slots)
	if s.slots == nil {
		s.slots = make(map[int64]value)
	}
	for o := off - slotSize + 1; o < off+slotSize; o++ {
		delete(s.slots, o)
	}
	if v != nil {
		s.slots[off] = v
	}
}

// trace is what is known before each instruction of a function; nil of those that no path reaches.
type trace struct {
	f      *function
	before []*state
	leader []bool
	visits []int
	queued []bool // blocks whose states changed, and that wait to be followed again
	depth  int64  // how far below R10 the code goes, in bytes
	size   int64  // of the frame as the compiler laid it out; see measure
	result value  // what the function returns
	ended  bool   // some path returns
}

// follow computes the trace of f.
func follow(f *function) *trace {
	t := &trace{f: f, before: make([]*state, len(f.code)), leader: make([]bool, len(f.code)), visits: make([]int, len(f.code)), queued: make([]bool, len(f.code))}
	if len(f.code) == 0 {
		return t
	}
	for i, ins := range f.code {
		if to, ok := target(i, ins); ok {
			for _, leader := range []int{to, i + 1} {
				if leader >= 0 && leader < len(f.code) {
					t.leader[leader] = true
				}
			}
		}
	}
	start := &state{}
	for r := 1; r <= 5; r++ {
		start.regs[r] = one(argument, r, 0)
	}
	start.regs[frame] = one(stack, 0, 0)
	pending := []int{0}
	t.before[0] = start
	for len(pending) > 0 {
		at := pending[len(pending)-1]
		t.queued[at] = false
		pending = t.block(at, pending[:len(pending)-1])
	}
	return t
}

// target returns where a jump leads.
func target(i int, ins insn) (int, bool) {
	class := ins.op & classMask
	switch {
	case ins.op == opCall, ins.op == opExit, class != classJump && class != classJump32:
		return 0, false
	case ins.op == opJumpLong:
		return i + 1 + int(ins.imm), true
	}
	return i + 1 + int(ins.off), true
}

// block follows the code from instruction at to the end of its block, and returns pending with the blocks whose states changed.
func (t *trace) block(at int, pending []int) []int {
	s := *t.before[at]
	reach := func(to int) {
		switch {
		case to < 0 || to >= len(t.before):
			return
		case t.before[to] == nil:
			c := s
			t.before[to] = &c
		case t.visits[to] >= maxVisits || !s.merge(t.before[to]):
			return
		}
		t.visits[to]++
		if !t.queued[to] {
			t.queued[to] = true
			pending = append(pending, to)
		}
	}
	for i := at; i < len(t.f.code); i++ {
		if i != at {
			if t.leader[i] {
				reach(i)
				return pending
			}
			c := s
			t.before[i] = &c
		}
		ins := t.f.code[i]
		if ins.op == opExit {
			if t.ended {
				t.result = t.result.join(s.regs[0])
			} else {
				t.result, t.ended = s.regs[0], true
			}
			return pending
		}
		if to, ok := target(i, ins); ok {
			reach(to)
			if ins.op&0xf0 != 0 { // all but BPF_JA
				reach(i + 1)
			}
			return pending
		}
		t.step(i, ins, &s)
		if ins.op == opLoadImm {
			i++
		}
	}
	return pending
}

// touch notes that the code reaches this far into its frame.
func (t *trace) touch(v value, off int64) {
	if at, ok := v.address(); ok {
		t.depth = max(t.depth, -(at + off))
	}
}

// step applies an instruction that does not jump.
func (t *trace) step(i int, ins insn, s *state) {
	if ins.dst > frame || ins.src > frame && ins.op != opCall {
		return
	}
	switch ins.op & classMask {
	case classJump, classJump32: // a call
		s.regs[0] = one(result, i, 0)
		for r := 1; r <= 5; r++ {
			s.regs[r] = nil
		}
	case classLoad:
		if ins.op == opLoadImm {
			s.regs[ins.dst] = t.load(i, ins)
			return
		}
		s.regs[0] = one(result, i, 0) // BPF_LD_ABS and BPF_LD_IND are calls in disguise
		for r := 1; r <= 5; r++ {
			s.regs[r] = nil
		}
	case classLoadX:
		v := one(result, i, 0)
		t.touch(s.regs[ins.src], int64(ins.off))
		if off, ok := s.regs[ins.src].address(); ok && ins.op&sizeMask == sizeDouble && ins.op&modeMask == modeMem {
			if held := s.slots[off+int64(ins.off)]; held != nil {
				v = held
			}
		}
		s.regs[ins.dst] = v
	case classStore, classStoreX:
		t.touch(s.regs[ins.dst], int64(ins.off))
		if off, ok := s.regs[ins.dst].address(); ok {
			var v value
			if ins.op&classMask == classStoreX && ins.op&sizeMask == sizeDouble && ins.op&modeMask == modeMem {
				v = s.regs[ins.src]
			}
			s.store(off+int64(ins.off), v)
		}
		if ins.op&classMask == classStoreX && ins.op&modeMask != modeMem {
			// Atomics may fetch.
			s.regs[ins.src], s.regs[0] = one(result, i, 0), one(result, i, 0)
		}
	case classALU, class32:
		s.regs[ins.dst] = compute(i, ins, s)
		t.touch(s.regs[ins.dst], 0)
	}
}

// load returns the value of a 64-bit load.
func (t *trace) load(i int, ins insn) value {
	ref, ok := t.f.refs[i]
	if !ok {
		if i+1 < len(t.f.code) && ins.src == 0 {
			return one(constant, 0, int64(uint64(uint32(ins.imm))|uint64(uint32(t.f.code[i+1].imm))<<32))
		}
		return one(result, i, 0)
	}
	if ref.section == nil {
		return one(result, i, 0)
	}
	offset := int64(ref.symbol.Value)
	if isMapSection(ref.section.Name) {
		return one(mapPointer, int(ref.symbol.Section), offset)
	}
	return one(data, int(ref.symbol.Section), offset+int64(ins.imm))
}

// compute returns what an arithmetic instruction leaves in its register.
func compute(i int, ins insn, s *state) value {
	const (
		opAdd, opSub, opAnd, opLeft, opRight, opMove, opSigned = 0x00, 0x10, 0x50, 0x60, 0x70, 0xb0, 0xc0
	)
	wide := ins.op&classMask == classALU
	a, b := s.regs[ins.dst], one(constant, 0, int64(ins.imm))
	if ins.op&fromReg != 0 {
		b = s.regs[ins.src]
	}
	n, isNumber := b.number()
	m, both := a.number()
	both = both && isNumber
	var v value
	switch op := ins.op & 0xf0; {
	case op == opMove && ins.off == 0 && (wide || isNumber):
		v = b
	case op == opAdd && isNumber && (wide || both):
		v = a.plus(n)
	case op == opSub && isNumber && (wide || both):
		v = a.plus(-n)
	case op == opAdd && wide && len(a) == 1 && a[0].source == constant && b != nil:
		v = b.plus(m)
	case both && op == opAnd:
		v = one(constant, 0, m&n)
	case both && op == opLeft && n >= 0 && n < 64:
		v = one(constant, 0, m<<n)
	case both && op == opRight && n >= 0 && n < 64 && wide:
		v = one(constant, 0, int64(uint64(m)>>n))
	case both && op == opSigned && n >= 0 && n < 64 && wide:
		v = one(constant, 0, m>>n)
	}
	if v == nil {
		return one(result, i, 0)
	}
	if number, ok := v.number(); ok && !wide {
		v = one(constant, 0, int64(uint32(number)))
	}
	return v
}
