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
}

// NewMapsJSON prints to w.
func NewMapsJSON(w io.Writer, symbols Symbols, opts ...Option) *MapsJSON {
	return &MapsJSON{NewJSON(w, append(opts[:len(opts):len(opts)], StackNames(symbols))...)}
}

// WriteMaps prints s and writes it out.
func (m *MapsJSON) WriteMaps(s *bpf.Snapshot, last bool) error {
	m.traces.in(s)
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
