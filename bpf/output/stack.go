package output

import (
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
		for _, frame := range framesOf(s, t, f, entry, m.symbols, true) {
			m.lines = append(append(m.lines, "    "...), frame...)
			m.lines = append(m.lines, '\n')
		}
	}
	m.lines = readable.AppendText(append(m.lines, "  "...), t, m.form(t), entry)
	m.lines = append(m.lines, '\n')
}

// framesOf returns the functions of the stack trace that f of an entry names, or addresses where their names are not known.
func framesOf(s *bpf.Snapshot, t *decode.Type, f *decode.Field, entry []byte, symbols Symbols, long bool) []string {
	id, _ := f.Bits(entry)
	frames := s.Stack(stackID(f.Type, id))
	if isUserStack(f.Name) {
		return symbols.UserFrames(processOf(t, entry), frames, long)
	}
	return symbols.KernelFrames(frames, long)
}

// processOf returns the number of the process that an entry is about, or 0.
func processOf(t *decode.Type, entry []byte) int {
	for _, name := range []string{"tgid", "pid", "target_pid", "tid"} {
		if f := t.Field(name); f != nil && isCount(f.Type) {
			id, _ := f.Bits(entry)
			if f.Type.Size == 8 && id>>32 != 0 {
				id >>= 32 // bpf_get_current_pid_tgid as it is
			}
			return int(int32(id))
		}
	}
	return 0
}

// stackID returns bits as the helper returned them: negative for an error, whatever the program made of it.
func stackID(t *decode.Type, bits uint64) int64 {
	if t.Size == 4 {
		return int64(int32(bits))
	}
	return int64(bits)
}
