package output

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// Maps prints what programs left in maps, for people: histograms as such, counters in descending order, stack traces by
// name, and then global variables. What is zero or empty is not mentioned.
type Maps struct {
	*Table
	passes int
	powers bool // slots of histograms are powers of two
}

// NewMaps prints to w. width is the terminal's in columns, 0 for none.
func NewMaps(w io.Writer, width int, symbols Symbols, opts ...Option) *Maps {
	return &Maps{Table: NewTable(w, width, append(opts[:len(opts):len(opts)], StackNames(symbols))...)}
}

// rowsAtOnce is how much of a map is shown while the program still runs.
const rowsAtOnce = 20

// WriteMaps prints s and writes it out. While last is not set no more than the first entries of large maps are printed, and how
// many more there are.
func (m *Maps) WriteMaps(s *bpf.Snapshot, last bool) error {
	if len(s.Maps)+len(s.Variables) == 0 {
		return m.Flush()
	}
	m.traces.in(s)
	m.powers = s.Logarithmic
	if m.passes++; m.passes > 1 {
		m.lines = append(m.lines, '\n')
	}
	for i, content := range s.Maps {
		if i > 0 {
			m.lines = append(m.lines, '\n')
		}
		sortEntries(content, slotsOf(content.Value) != nil)
		var left int
		if n := len(content.Entries); !last && n > rowsAtOnce && !isHistogramArray(content) {
			content.Entries, left = content.Entries[:rowsAtOnce], n-rowsAtOnce
		}
		if err := m.writeMap(content); err != nil {
			return err
		}
		if left > 0 {
			m.lines = fmt.Appendf(m.lines, "(%d more)\n", left)
		}
	}
	if len(s.Variables) > 0 && len(s.Maps) > 0 {
		m.lines = append(m.lines, '\n')
	}
	for _, v := range s.Variables {
		m.variable(v)
	}
	return m.Flush()
}

func (m *Maps) writeMap(c bpf.MapContent) error {
	stacks := m.traces.members(c.Entry)
	slots := slotsOf(c.Value)
	switch {
	case slots != nil && !countsBeside(c, slots):
		for _, entry := range c.Entries {
			m.histogram(c, slots, stacks, entry)
		}
		return nil
	case isHistogramArray(c):
		m.heading(c.Name)
		m.lines = appendHistogram(m.lines, slotsOfArray(c), m.powers)
		return nil
	case len(stacks) > 0:
		m.heading(c.Name)
		form := withoutStacks(m.form(c.Entry), c.Entry, stacks)
		for _, entry := range c.Entries {
			m.lines = m.traces.appendFrames(m.lines, c.Entry, stacks, entry)
			m.lines = readable.AppendText(append(m.lines, "  "...), c.Entry, form, entry)
			m.lines = append(m.lines, '\n')
		}
		return nil
	case slots != nil:
		form := readable.Without(m.form(c.Entry), c.Entry, func(f *decode.Field) bool { return f.Name == slots.Name })
		m.layouts[c.Entry] = newLayout(c.Entry, form, m.width)
	}
	m.shown = nil // the header comes again with every pass
	for _, entry := range c.Entries {
		if err := m.WriteRecord(Tag{Stream: c.Name}, c.Entry, entry); err != nil {
			return err
		}
	}
	return nil
}

// heading is the line above what is no table, as that of a table looks.
func (m *Maps) heading(text string) {
	m.lines = append(append(m.lines, "# "...), text...)
	m.lines = append(m.lines, '\n')
}

// countsBeside reports whether what c found out is in other numbers than the slots of its values, which are all empty: programs may be able to do both.
func countsBeside(c bpf.MapContent, slots *decode.Field) bool {
	beside := false
	for _, entry := range c.Entries {
		value := c.ValueOf(entry)
		if slices.Max(readSlots(slots.Type, slots.Bytes(value))) > 0 {
			return false
		}
		for i := range c.Value.Fields {
			f := &c.Value.Fields[i]
			n, _ := f.Bits(value)
			beside = beside || isCount(f.Type) && n != 0
		}
	}
	return beside
}

// histogram prints an entry whose value has slots, under its key, what else is in the value, and its stack traces.
func (m *Maps) histogram(c bpf.MapContent, slots *decode.Field, stacks []*decode.Field, entry []byte) {
	value := c.ValueOf(entry)
	counts := readSlots(slots.Type, slots.Bytes(value))
	if slices.Max(counts) == 0 {
		return
	}
	text := []byte(c.Name)
	if keyTells(c) {
		form := withoutStacks(m.form(c.Key), c.Key, stacks)
		text = append(readable.AppendText(append(text, '['), c.Key, form, c.KeyOf(entry)), ']')
	}
	for i := range c.Value.Fields {
		if f := &c.Value.Fields[i]; f.Name != slots.Name {
			text = f.AppendText(fmt.Appendf(text, " %s=", f.Name), value)
		}
	}
	m.heading(string(text))
	m.lines = m.traces.appendFrames(m.lines, c.Entry, stacks, entry)
	m.lines = appendHistogram(m.lines, counts, m.powers)
}

// keyTells reports whether the keys of c say anything: where there is one entry alone they are mostly zero, or -1, which stands for all.
func keyTells(c bpf.MapContent) bool {
	if len(c.Entries) > 1 {
		return true
	}
	key := c.KeyOf(c.Entries[0])
	other := func(than byte) bool {
		return slices.ContainsFunc(key, func(b byte) bool { return b != than })
	}
	return other(0) && other(0xff)
}

// isHistogramArray reports whether the map itself is a histogram, an entry a slot.
func isHistogramArray(c bpf.MapContent) bool {
	return c.Array && isCount(c.Value) && isHistogramName(c.Name) && c.Key.Kind == decode.Uint && maxKey(c) < maxSlots
}

func maxKey(c bpf.MapContent) uint64 {
	var most uint64
	for _, entry := range c.Entries {
		k, _ := c.Key.Bits(c.KeyOf(entry))
		most = max(most, k)
	}
	return most
}

func slotsOfArray(c bpf.MapContent) []uint64 {
	slots := make([]uint64, maxKey(c)+1)
	for _, entry := range c.Entries {
		k, _ := c.Key.Bits(c.KeyOf(entry))
		slots[k], _ = c.Value.Bits(c.ValueOf(entry))
	}
	return slots
}

// variable prints a global variable: histograms and arrays element by element, without those that are zero.
func (m *Maps) variable(v bpf.Variable) {
	m.value(v.Name, v.Type, v.Value, isHistogramName(v.Name))
}

func (m *Maps) value(name string, t *decode.Type, b []byte, histogram bool) {
	if strings.Trim(string(b), "\x00") == "" {
		return
	}
	slots := slotsOf(t)
	switch {
	case slots != nil:
		m.heading(name)
		m.lines = appendHistogram(m.lines, readSlots(slots.Type, slots.Bytes(b)), m.powers)
	case histogram && countsSlots(t):
		m.heading(name)
		m.lines = appendHistogram(m.lines, readSlots(t, b), m.powers)
	case t.Kind == decode.Array:
		for i := range t.Elements(b) {
			m.value(fmt.Sprintf("%s[%d]", name, i), t.Elem, b[i*t.Elem.Size:][:t.Elem.Size], histogram)
		}
	default:
		m.lines = readable.AppendText(append(append(m.lines, name...), " = "...), t, m.form(t), b)
		m.lines = append(m.lines, '\n')
	}
}
