package presence

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The text form, made to be packed: a line with the kernels, then a line for each
// type and, indented, for each member that differs from its type, both with the set
// of kernels in hexadecimal. Names are sorted.
//
//	5.10 6.1 6.18
//	7 task_struct
//	 6 __state
//	 1 state

// Encode writes t. The same table gives the same bytes.
func (t *Table) Encode(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, strings.Join(t.Kernels, " "))
	for _, name := range slices.Sorted(maps.Keys(t.types)) {
		e := t.types[name]
		fmt.Fprintf(b, "%x %s\n", e.in, name)
		for _, member := range slices.Sorted(maps.Keys(e.members)) {
			fmt.Fprintf(b, " %x %s\n", e.members[member], member)
		}
	}
	return b.Flush()
}

// Decode reads what [Table.Encode] wrote.
func Decode(r io.Reader) (*Table, error) {
	lines := bufio.NewScanner(r)
	t := &Table{types: make(map[string]*entry)}
	var e *entry
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			t.Kernels = strings.Fields(lines.Text())
			continue
		}
		line, member := strings.CutPrefix(lines.Text(), " ")
		set, name, _ := strings.Cut(line, " ")
		in, err := strconv.ParseUint(set, 16, 64)
		if err != nil || name == "" || strings.ContainsFunc(name, unicode.IsSpace) || member && e == nil {
			return nil, fmt.Errorf("decode line %d: want a set of kernels and a name", n)
		}
		if member {
			e.members[name] = Set(in)
			continue
		}
		e = &entry{in: Set(in), members: make(map[string]Set)}
		t.types[name] = e
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(t.Kernels) == 0 {
		return nil, errors.New("decode line 1: want names of kernels")
	}
	return t, nil
}
