package symtab

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
)

// function is a symbol in 16 bytes.
type function struct {
	address uint64
	extent  uint32 // size in bytes << 1, and 1 where other files see it
	name    uint32 // offset in the table's names
}

// maxSize bounds the size of a function: larger ones are taken for smaller.
const maxSize = 1<<31 - 1

func newFunction(address, size uint64, exported bool, name uint32) function {
	f := function{address, uint32(min(size, maxSize)) << 1, name}
	if exported {
		f.extent |= 1
	}
	return f
}

func (f function) size() uint64   { return uint64(f.extent >> 1) }
func (f function) exported() bool { return f.extent&1 != 0 }

// maxFunctions bounds what is kept of one table. The largest programs there are, browsers, have two million.
const maxFunctions = 4 << 20

// table has functions by address.
type table struct {
	functions []function
	names     io.ReaderAt // NUL-terminated
}

func newTable(functions []function, names io.ReaderAt) *table {
	slices.SortFunc(functions, func(a, b function) int { return cmp.Compare(a.address, b.address) })
	return &table{slices.Clip(functions), names}
}

// maxNested is how many functions that begin behind that which is looked for, and end before the address, are passed.
const maxNested = 16

// find returns the index of the function that address lies in, or -1. A function without a size reaches to the next one.
func (t *table) find(address uint64) int {
	behind, _ := slices.BinarySearchFunc(t.functions, address, func(f function, a uint64) int {
		if f.address <= a {
			return -1
		}
		return 1
	})
	for i := behind - 1; i >= max(0, behind-maxNested); i-- {
		f := t.functions[i]
		sized := f.size() != 0
		if sized && address-f.address < f.size() || !sized && f.address == t.functions[behind-1].address {
			return t.best(i)
		}
	}
	return -1
}

// best returns which of the functions at the address of the one numbered i has the name that people know: malloc rather than
// __libc_malloc, and what other files see rather than what they do not.
func (t *table) best(i int) int {
	address := t.functions[i].address
	for i > 0 && t.functions[i-1].address == address {
		i--
	}
	best, name := i, ""
	for i++; i < len(t.functions) && t.functions[i].address == address; i++ {
		if mine, its := t.functions[i].exported(), t.functions[best].exported(); mine != its {
			if mine {
				best, name = i, ""
			}
			continue
		}
		if name == "" {
			name = t.name(best)
		}
		if other := t.name(i); plainer(other, name) {
			best, name = i, other
		}
	}
	return best
}

// plainer reports whether a is more of a name for people than b.
func plainer(a, b string) bool {
	underscores := func(s string) int { return len(s) - len(strings.TrimLeft(s, "_")) }
	return cmp.Or(cmp.Compare(underscores(a), underscores(b)), cmp.Compare(len(a), len(b)), strings.Compare(a, b)) < 0
}

// maxName bounds names, in bytes. Those of C++ templates are the longest.
const maxName = 16 << 10

// name reads the name of function i. It is "" where the file does not have it.
func (t *table) name(i int) string {
	at := int64(t.functions[i].name)
	for size := 128; ; size *= 8 {
		b := make([]byte, size)
		n, err := t.names.ReadAt(b, at)
		if end := bytes.IndexByte(b[:n], 0); end >= 0 {
			return string(b[:end])
		}
		if err != nil || size > maxName {
			return ""
		}
	}
}
