package output

import "github.com/ebpfx/ebpfx/bpf/decode"

// Grid is a table whose rows are all there, under titles. Columns are as wide as what is in them. On a terminal that is too narrow text is cut, as
// in a [Table]; a number never is.
type Grid struct {
	Columns []GridColumn
	Rows    [][]string // a cell a column; those that are missing are empty
}

// GridColumn is a column of a Grid.
type GridColumn struct {
	Title string
	Right bool // aligned to the right and never cut: numbers
}

// Append appends the lines of g. width is the terminal's in columns, 0 for none. Characters that a terminal
// cannot show on one line are escaped.
func (g *Grid) Append(dst []byte, width int) []byte {
	l := &layout{room: width}
	for _, c := range g.Columns {
		l.columns = append(l.columns, column{title: c.Title, right: c.Right, text: !c.Right})
	}
	var text row
	for _, cells := range append([][]string{g.titles()}, g.Rows...) {
		for i := range l.columns {
			text.reset()
			c := &l.columns[i]
			text.add(cells, i)
			c.want = max(c.want, text.cells[0].width)
		}
	}
	for i := range l.columns {
		c := &l.columns[i]
		if c.most, c.least = c.want, c.want; c.text {
			c.least = min(c.want, max(leastText, textWidth([]byte(c.title))))
		}
	}
	l.fit()
	t := NewTable(nil, width)
	t.lines = dst
	for _, cells := range append([][]string{g.titles()}, g.Rows...) {
		text.reset()
		for i := range l.columns {
			text.add(cells, i)
		}
		t.line(l, &text)
	}
	return t.lines
}

func (g *Grid) titles() []string {
	titles := make([]string, len(g.Columns))
	for i, c := range g.Columns {
		titles[i] = c.Title
	}
	return titles
}

// add adds cell i of a row.
func (r *row) add(cells []string, i int) {
	if i < len(cells) {
		r.text = decode.AppendPlain(r.text, []byte(cells[i]))
	}
	r.endCell()
}
