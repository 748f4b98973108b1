// Package ksym names addresses of the running kernel.
package ksym

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Table has the symbols of a kernel and its modules, or of a part of them.
type Table struct {
	symbols []symbol // by address
}

type symbol struct {
	address uint64
	name    string
}

// Read returns the symbols of the running kernel, of /proc/kallsyms. Where the kernel does not tell this
// process addresses (kernel.kptr_restrict, lockdown) the table is empty, and names nothing.
func Read() (*Table, error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, fmt.Errorf("read kernel symbols: %w", err)
	}
	defer f.Close()
	t, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("read kernel symbols: %w", err)
	}
	return t, nil
}

// parse reads lines as s_show in kernel/kallsyms.c writes them: "address type name", and "[module]" behind a tab.
func parse(r io.Reader) (*Table, error) {
	t := &Table{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		address, rest, _ := strings.Cut(lines.Text(), " ")
		kind, rest, _ := strings.Cut(rest, " ")
		switch kind {
		case "t", "T", "w", "W": // code
		default:
			continue
		}
		name, _, _ := strings.Cut(rest, "\t")
		at, err := strconv.ParseUint(address, 16, 64)
		if err != nil || at == 0 || name == "" {
			continue
		}
		t.symbols = append(t.symbols, symbol{at, name})
	}
	slices.SortStableFunc(t.symbols, func(a, b symbol) int { return cmp.Compare(a.address, b.address) })
	return t, lines.Err()
}

// Name returns the function that address lies in, and how many bytes behind its start. ok is false
// where the table does not know. A nil Table knows nothing.
func (t *Table) Name(address uint64) (name string, offset uint64, ok bool) {
	if t == nil || len(t.symbols) == 0 || address < t.symbols[0].address {
		return "", 0, false
	}
	i, exact := slices.BinarySearchFunc(t.symbols, address, func(s symbol, a uint64) int { return cmp.Compare(s.address, a) })
	if !exact {
		i--
	}
	const largest = 1 << 20 // no function is larger: what lies further behind the last one is none of the kernel's code
	if offset = address - t.symbols[i].address; offset > largest {
		return "", 0, false
	}
	return t.symbols[i].name, offset, true
}
