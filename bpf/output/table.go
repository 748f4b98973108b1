package output

import (
	"bytes"
	"io"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Table prints a row a record under a header. Columns come from the type: nested structs
// are flattened ("ADDR.PORT"), numbers stand to the right, text to the left, and what a truncated record
// lacks is "?". A wide number widens its column; a number is never cut.
//
// On a terminal a row fits its width as far as numbers allow it, and text that does not fit ends in
// "…"; elsewhere all text is whole. The header comes again when the type or [Tag] changes,
// then with a line "# stream type" of its own where there is a tag. A record
// of unknown type is a row of its bytes in hex and ASCII. Values are shown as package readable does, unless [RawValues] is given, and
// stack traces below their row where [StackNames] is.
type Table struct {
	buffer
	options
	width   int
	layouts map[*decode.Type]*layout
	shown   *layout // whose header was printed last
	tag     Tag     // of that header
	row     row
}

// row is the cells of one line.
type row struct {
	text  []byte // of all cells
	cells []cell
}

type cell struct {
	end   int // in row.text, where the next one begins
	width int // on screen
}

// NewTable prints a header and a row a record to w. width is the terminal's in columns, 0 for none.
func NewTable(w io.Writer, width int, opts ...Option) *Table {
	return &Table{buffer: buffer{w: w}, options: optionsOf(opts), width: width, layouts: make(map[*decode.Type]*layout)}
}

// Write prints the records of b.
func (t *Table) Write(b *bpf.Batch) error { return writeBatch(t, b) }

// WriteRecord prints the record rec, of which nothing is kept. typ is nil when it is unknown.
func (t *Table) WriteRecord(tag Tag, typ *decode.Type, rec []byte) error {
	if t.err != nil {
		return t.err
	}
	l := t.layouts[typ]
	if l == nil {
		stacks := t.traces.members(typ)
		l = newLayout(typ, withoutStacks(t.form(typ), typ, stacks), t.width)
		l.stacks = stacks
		t.layouts[typ] = l
	}
	t.row.reset()
	for i := range l.columns {
		t.row.text = l.columns[i].appendCell(t.row.text, rec)
		w := t.row.endCell()
		if c := &l.columns[i]; w > c.width && !c.text {
			l.widen(i, w)
		}
	}
	if l != t.shown || tag != t.tag {
		// Printed only now, as wide as the first record needs it.
		t.header(tag, l)
	}
	t.line(l, &t.row)
	if len(l.stacks) > 0 {
		t.lines = t.traces.appendFrames(t.lines, typ, l.stacks, rec)
	}
	return t.lineDone()
}

// header prints the titles of l's columns.
func (t *Table) header(tag Tag, l *layout) {
	if tag != (Tag{}) {
		t.lines = append(t.lines, '#')
		for _, name := range []string{tag.Stream, tag.Type} {
			if name != "" {
				t.lines = decode.AppendPlain(append(t.lines, ' '), []byte(name))
			}
		}
		t.lines = append(t.lines, '\n')
	}
	var titles row
	for i := range l.columns {
		titles.text = append(titles.text, l.columns[i].title...)
		titles.endCell()
	}
	t.line(l, &titles)
	t.shown, t.tag = l, tag
}

// line prints r in the columns of l.
func (t *Table) line(l *layout, r *row) {
	start, begin := len(t.lines), 0
	for i, cell := range r.cells {
		c := &l.columns[i]
		text, width := r.text[begin:cell.end], cell.width
		begin = cell.end
		if i > 0 {
			t.lines = append(t.lines, gap...)
		}
		switch {
		case c.right:
			t.pad(c.width - width)
			t.lines = append(t.lines, text...)
		case c.text && width > c.width && t.width > 0:
			t.lines, width = appendCut(t.lines, text, c.width)
			t.pad(c.width - width)
		default:
			t.lines = append(t.lines, text...)
			t.pad(c.width - width)
		}
	}
	// The last cells need no padding.
	end := start + len(bytes.TrimRight(t.lines[start:], " "))
	t.lines = append(t.lines[:end], '\n')
}

func (r *row) reset() {
	r.text, r.cells = r.text[:0], r.cells[:0]
}

// endCell ends the cell whose text was appended, and returns how wide it is.
func (r *row) endCell() int {
	begin := 0
	if n := len(r.cells); n > 0 {
		begin = r.cells[n-1].end
	}
	w := textWidth(r.text[begin:])
	r.cells = append(r.cells, cell{len(r.text), w})
	return w
}

// spaces is as much padding as is appended at once.
const spaces = "                                                                "

// pad appends n spaces, none where n is negative.
func (t *Table) pad(n int) {
	for n > 0 {
		k := min(n, len(spaces))
		t.lines = append(t.lines, spaces[:k]...)
		n -= k
	}
}
