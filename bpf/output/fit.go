package output

import (
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// gap stands between columns.
const gap = "  "

// layout is the columns of one type on a terminal of some width.
type layout struct {
	columns []column
	room    int             // the terminal's width, 0 for none
	stacks  []*decode.Field // stack traces, which are no columns
}

func newLayout(typ *decode.Type, form *readable.Form, room int) *layout {
	l := &layout{columns: columnsOf(typ, form), room: room}
	l.fit()
	return l
}

// widen gives column i the width w from now on, and takes it from the others where it must.
func (l *layout) widen(i, w int) {
	c := &l.columns[i]
	c.want, c.least = w, w
	l.fit()
}

// fit sets the widths of all columns. Where the line is too narrow numbers give up the room that they
// seldom need, then text does; where it is too wide, text that may be longer gets the rest.
func (l *layout) fit() {
	used := 0
	for i := range l.columns {
		c := &l.columns[i]
		c.width = c.want
		used += c.want
		if i > 0 {
			used += len(gap)
		}
	}
	if l.room == 0 {
		return
	}
	over := l.shrink(used-l.room, false)
	over = l.shrink(over, true)
	l.grow(-over)
}

// shrink takes over columns of the screen from the widest text or number columns that can
// spare them, and returns what it could not take.
func (l *layout) shrink(over int, text bool) int {
	for ; over > 0; over-- {
		var widest *column
		for i := range l.columns {
			c := &l.columns[i]
			if c.text == text && c.width > c.least && (widest == nil || c.width > widest.width) {
				widest = c
			}
		}
		if widest == nil {
			break
		}
		widest.width--
	}
	return over
}

// grow gives spare columns of the screen to the narrowest text columns that have a use for them.
func (l *layout) grow(spare int) {
	for ; spare > 0; spare-- {
		var narrowest *column
		for i := range l.columns {
			c := &l.columns[i]
			if c.text && c.width < c.most && (narrowest == nil || c.width < narrowest.width) {
				narrowest = c
			}
		}
		if narrowest == nil {
			break
		}
		narrowest.width++
	}
}
