package output

import (
	"fmt"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// isStackID reports whether f is what bpf_get_stackid returned.
func isStackID(f decode.Field) bool {
	return isCount(f.Type) && f.BitSize == 0 && strings.Contains(strings.ToLower(f.Name), "stack") && !strings.Contains(f.Name, "size")
}

// isUserStack reports whether the stack of that name is one of user space, whose addresses are no kernel's.
func isUserStack(name string) bool {
	return strings.Contains(name, "user") || strings.Contains(name, "ustack") || strings.Contains(name, "u_stack")
}

// stacks prints the stack traces of an entry, the innermost function first, and below them the entry.
func (m *Maps) stacks(s *bpf.Snapshot, t *decode.Type, entry []byte) {
	for i := range t.Fields {
		f := &t.Fields[i]
		if !isStackID(*f) {
			continue
		}
		for _, frame := range framesOf(s, f, entry, m.symbols) {
			m.lines = append(append(m.lines, "    "...), frame...)
			m.lines = append(m.lines, '\n')
		}
	}
	m.lines = readable.AppendText(append(m.lines, "  "...), t, m.form(t), entry)
	m.lines = append(m.lines, '\n')
}

// framesOf returns the functions of the stack trace that f of an entry names, or addresses where their names are not known.
func framesOf(s *bpf.Snapshot, f *decode.Field, entry []byte, symbols Symbols) []string {
	id, _ := f.Bits(entry)
	var frames []string
	for _, address := range s.Stack(stackID(f.Type, id)) {
		name, offset, ok := "", uint64(0), false
		if symbols != nil && !isUserStack(f.Name) {
			name, offset, ok = symbols.Name(address)
		}
		if ok {
			frames = append(frames, fmt.Sprintf("%s+0x%x", name, offset))
		} else {
			frames = append(frames, fmt.Sprintf("0x%x", address))
		}
	}
	return frames
}

// stackID returns bits as the helper returned them: negative for an error, whatever the program made of it.
func stackID(t *decode.Type, bits uint64) int64 {
	if t.Size == 4 {
		return int64(int32(bits))
	}
	return int64(bits)
}
