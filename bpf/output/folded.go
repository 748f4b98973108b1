package output

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
	"github.com/ebpfx/ebpfx/bpf/stack"
)

// Folded prints stack traces as flame graph tools take them, once at the end: a line for each that differs, with the process, its functions and
// those of the kernel, the outermost first: "bash;main;read;vfs_read 12". The number is the first of the value of entries in maps, and how often the
// stack trace came in events.
type Folded struct {
	w      *bufio.Writer
	traces *traces
	lines  map[string]string // by map and key; made when an entry is seen first, while its process lives
	events map[string]uint64 // by line
}

// HasStacks reports whether records of type t are or name stack traces, by the names of members. Those of which they have but the number are in maps.
func HasStacks(t *decode.Type, maps bool) bool {
	return slices.ContainsFunc(t.Fields, func(f decode.Field) bool { return isStack(&f) || maps && isStackID(&f) })
}

// NewFolded prints to w.
func NewFolded(w io.Writer, symbols Symbols) *Folded {
	return &Folded{w: bufio.NewWriter(w), traces: &traces{Symbols: symbols}, lines: make(map[string]string), events: make(map[string]uint64)}
}

// Write counts the stack traces of the records of b.
func (f *Folded) Write(b *bpf.Batch) error {
	if b.Stream == nil {
		return nil
	}
	f.traces.of(b.Instance)
	for i := range b.Len() {
		rec := b.Record(i)
		if t := b.Stream.Type(rec); t != nil {
			if line := f.fold(t, rec); line != "" {
				f.events[line]++
			}
		}
	}
	return nil
}

// Flush does nothing: lines are printed at the end.
func (f *Folded) Flush() error { return nil }

// WriteMaps takes note of the stacks of s, and prints them with their numbers if last is set.
func (f *Folded) WriteMaps(s *bpf.Snapshot, last bool) error {
	f.traces.in(s)
	counts := maps.Clone(f.events)
	for _, c := range s.Maps {
		weight, at := weightOf(c.Value)
		if weight == nil || len(f.traces.members(c.Entry)) == 0 {
			continue
		}
		for _, entry := range c.Entries {
			line := f.line(c, entry)
			if n, _ := weight.Bits(c.ValueOf(entry)[at:]); line != "" {
				counts[line] += n
			}
		}
	}
	if !last {
		return nil
	}
	for _, line := range sortedByCount(counts) {
		fmt.Fprintf(f.w, "%s %d\n", line, counts[line]) // Flush tells of errors
	}
	if err := f.w.Flush(); err != nil {
		return fmt.Errorf("write folded stacks: %w", err)
	}
	return nil
}

// line returns the stacks of an entry, "" where there are none.
func (f *Folded) line(c bpf.MapContent, entry []byte) string {
	key := c.Name + "\x00" + string(c.KeyOf(entry))
	if line, ok := f.lines[key]; ok {
		return line
	}
	line := f.fold(c.Entry, entry)
	f.lines[key] = line
	return line
}

// fold returns the stacks of a record, "" where there are none.
func (f *Folded) fold(t *decode.Type, rec []byte) string {
	var user, kernel []string
	for _, field := range f.traces.members(t) {
		frames := f.traces.frames(t, field, rec, false)
		if isUserStack(field.Name) {
			user = append(user, frames...)
		} else {
			kernel = append(kernel, frames...)
		}
	}
	if len(user)+len(kernel) == 0 {
		return ""
	}
	return stack.Fold([]string{nameOf(t, rec)}, user, kernel)
}

// nameOf returns what the process is called that an entry is about: as the entry says, or as it is called now.
func nameOf(t *decode.Type, entry []byte) string {
	for i := range t.Fields {
		if field := &t.Fields[i]; field.Type.Kind == decode.String {
			if name := decode.CString(field.Bytes(entry)); len(name) > 0 {
				return string(name)
			}
		}
	}
	return readable.Process(processOf(t, entry))
}

// sortedByCount returns the keys, those of the largest numbers first.
func sortedByCount(counts map[string]uint64) []string {
	lines := make([]string, 0, len(counts))
	for line := range counts {
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b string) int {
		switch {
		case counts[a] > counts[b]:
			return -1
		case counts[a] < counts[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	return lines
}
