// Package ksym names addresses of the running kernel.
package ksym

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Symbol is a function of the kernel, and an address in it.
type Symbol struct {
	Name   string // "" where it is not known
	Offset uint64 // of the address in the function
	Module string // "" for the kernel itself; "bpf" for a program
}

// Long returns the function with the place in it, and its module: "nf_hook_slow+0x12 [nf_tables]"; "" where it is not known.
func (s Symbol) Long() string {
	switch {
	case s.Name == "":
		return ""
	case s.Module == "":
		return fmt.Sprintf("%s+%#x", s.Name, s.Offset)
	}
	return fmt.Sprintf("%s+%#x [%s]", s.Name, s.Offset, s.Module)
}

// Table has the functions of a kernel, its modules and its BPF programs at one time. There are some hundred thousand, so that each takes 16 bytes and
// its name.
type Table struct {
	functions []function // by address, one each
	names     []byte
	modules   []string
}

type function struct {
	address uint64
	name    uint32 // offset in names, NUL-terminated
	module  uint16 // index in modules
	global  bool
}

// ErrHidden says that the kernel does not tell this process addresses (kernel.kptr_restrict, lockdown).
var ErrHidden = errors.New("the kernel hides its addresses from this process; see sysctl kernel.kptr_restrict, and run as root")

// Read returns the functions of the running kernel, of /proc/kallsyms. Its error is ErrHidden where that has no addresses.
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
	t := &Table{modules: []string{""}}
	modules := map[string]uint16{"": 0}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		address, rest, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		kind, rest, _ := bytes.Cut(rest, []byte(" "))
		switch string(kind) {
		case "t", "T", "w", "W": // code
		default:
			continue
		}
		name, in, _ := bytes.Cut(rest, []byte("\t"))
		at, err := strconv.ParseUint(string(address), 16, 64)
		if err != nil || at == 0 || len(name) == 0 {
			continue
		}
		in = bytes.Trim(in, "[]")
		module, ok := modules[string(in)]
		if !ok && len(t.modules) < 1<<16 {
			module = uint16(len(t.modules))
			t.modules = append(t.modules, string(in))
			modules[string(in)] = module
		}
		t.functions = append(t.functions, function{at, uint32(len(t.names)), module, kind[0] == 'T'})
		t.names = append(append(t.names, name...), 0)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(t.functions) == 0 {
		return nil, ErrHidden
	}
	t.sort()
	return t, nil
}

// sort orders functions by address, and leaves of those at one address that which most people know: a global one, with few underscores before it.
func (t *Table) sort() {
	underscores := func(f function) int {
		name := t.name(f)
		return len(name) - len(strings.TrimLeft(name, "_"))
	}
	slices.SortStableFunc(t.functions, func(a, b function) int {
		if c := cmp.Compare(a.address, b.address); c != 0 {
			return c
		}
		switch {
		case a.global && !b.global:
			return -1
		case b.global && !a.global:
			return 1
		}
		return cmp.Compare(underscores(a), underscores(b))
	})
	t.functions = slices.Clip(slices.CompactFunc(t.functions, func(a, b function) bool { return a.address == b.address }))
}

func (t *Table) name(f function) string {
	b := t.names[f.name:]
	return string(b[:bytes.IndexByte(b, 0)])
}

// Find returns the function that address lies in; the zero Symbol where the table does not know. A nil Table knows nothing.
func (t *Table) Find(address uint64) Symbol {
	if t == nil || len(t.functions) == 0 || address < t.functions[0].address {
		return Symbol{}
	}
	i, exact := slices.BinarySearchFunc(t.functions, address, func(f function, a uint64) int { return cmp.Compare(f.address, a) })
	if !exact {
		i--
	}
	const largest = 1 << 20 // no function is larger: what lies further behind the last one is none of the kernel's code
	f := t.functions[i]
	if address-f.address > largest {
		return Symbol{}
	}
	return Symbol{Name: t.name(f), Offset: address - f.address, Module: t.modules[f.module]}
}

// Kernel names addresses of the running kernel. It reads the table when it is first asked, which takes a tenth of a second, and again when it is
// asked for what came later: modules and programs. It may be used from any goroutine. The zero Kernel is ready to use.
type Kernel struct {
	mu    sync.Mutex
	table *Table
	err   error
	read  time.Time
}

// refreshEvery is the least time between two readings.
const refreshEvery = 5 * time.Second

// Find returns the function that address lies in; the zero Symbol where that is not known.
func (k *Kernel) Find(address uint64) Symbol {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.table.Find(address)
	// Addresses of a kernel are those of which the highest bit is set.
	if s.Name == "" && address>>63 != 0 && (k.read.IsZero() || time.Since(k.read) > refreshEvery) {
		table, err := Read()
		if k.read, k.err = time.Now(), err; err == nil {
			k.table = table
		}
		s = k.table.Find(address)
	}
	return s
}

// Err returns why no address can be named, if the table could not be read when it was needed.
func (k *Kernel) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}
