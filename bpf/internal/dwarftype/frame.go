package dwarftype

// LLVM gives offsets in a frame from its lower end (TargetFrameLowering::getFrameIndexReference adds the size of the stack), although it
// calls R10, the upper end, its base. How large the frame is it does not say.

// measure finds out the size of the frame: the one with which the most variables lie where the code has pointers to.
func (t *trace) measure(locals []local) {
	const unused = 64 // bytes at the lower end that the code may leave alone
	taken := make(map[int64]bool)
	for i, ins := range t.f.code {
		s := t.before[i]
		if ins.op != opCall || s == nil {
			continue
		}
		for r := 1; r <= 5; r++ {
			if off, ok := s.regs[r].address(); ok {
				taken[off] = true
			}
		}
	}
	least := (t.depth + slotSize - 1) &^ (slotSize - 1)
	t.size = least
	best := 0
	for size := least; size <= least+unused; size += slotSize {
		score := 0
		for _, l := range locals {
			if off, ok := l.inFrame(); ok && taken[off-size] {
				score++
			}
		}
		if score > best {
			best, t.size = score, size
		}
	}
}

// inFrame returns where a variable lies that is in the frame, as DWARF gives it.
func (l local) inFrame() (int64, bool) {
	b := buffer{b: l.place}
	if op := b.byte(); op != opFrameOffset && op != opBased+frame {
		return 0, false
	}
	off := b.signed()
	return off, !b.ends && len(b.b) == 0 && off >= 0
}

// address returns the address of what DWARF says to be at an offset in the frame. Should a compiler ever count from R10, its offsets are negative.
func (t *trace) address(off int64) value {
	if off >= 0 {
		off -= t.size
	}
	return one(stack, 0, off)
}
