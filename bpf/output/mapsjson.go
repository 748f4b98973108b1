package output

import (
	"io"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// MapsJSON prints what programs left in maps, an object a map and pass: {"_map":"counts","entries":[...]}, where entries are
// as [bpf.MapInfo] lays them out, and global variables in one: {"_variables":{...}}. The functions of a stack trace
// stand beside its number, in NAME_text.
type MapsJSON struct {
	*JSON
	symbols Symbols
}

// NewMapsJSON prints to w.
func NewMapsJSON(w io.Writer, symbols Symbols, opts ...Option) *MapsJSON {
	return &MapsJSON{JSON: NewJSON(w, opts...), symbols: symbols}
}

// WriteMaps prints s and writes it out.
func (m *MapsJSON) WriteMaps(s *bpf.Snapshot, last bool) error {
	for _, c := range s.Maps {
		sortEntries(c, false)
		m.lines = append(m.lines, `{"_map":`...)
		m.lines = append(decode.AppendJSONString(m.lines, []byte(c.Name)), `,"entries":[`...)
		for i, entry := range c.Entries {
			if i > 0 {
				m.lines = append(m.lines, ',')
			}
			m.lines = append(m.lines, '{')
			m.lines = m.appendMembers(m.lines, c.Entry, entry)
			if s.HasStacks() {
				m.stacks(s, c.Entry, entry)
			}
			m.lines = append(m.lines, '}')
		}
		m.lines = append(m.lines, "]}\n"...)
	}
	if len(s.Variables) > 0 {
		m.lines = append(m.lines, `{"_variables":{`...)
		for i, v := range s.Variables {
			if i > 0 {
				m.lines = append(m.lines, ',')
			}
			m.lines = append(decode.AppendJSONString(m.lines, []byte(v.Name)), ':')
			m.lines = v.Type.AppendJSON(m.lines, v.Value)
		}
		m.lines = append(m.lines, "}}\n"...)
	}
	return m.Flush()
}

// stacks appends the functions of the stack traces of an entry.
func (m *MapsJSON) stacks(s *bpf.Snapshot, t *decode.Type, entry []byte) {
	for i := range t.Fields {
		f := &t.Fields[i]
		if !isStackID(*f) {
			continue
		}
		m.lines = append(append(append(m.lines, `,"`...), f.Name...), `_text":[`...)
		for i, frame := range framesOf(s, t, f, entry, m.symbols, true) {
			if i > 0 {
				m.lines = append(m.lines, ',')
			}
			m.lines = decode.AppendJSONString(m.lines, []byte(frame))
		}
		m.lines = append(m.lines, ']')
	}
}
