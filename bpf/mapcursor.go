package bpf

import (
	"errors"
	"reflect"
	"slices"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Cursor walks over the entries of a map, while programs and others may change it: each entry that is there all the time comes exactly
// once, and others at most once.
//
// Many entries are read by one system call where the kernel has that for the type of the map.
type Cursor struct {
	m   *Map
	err error
	end bool

	// In batches: what was read and not handed out. Each bucket of a hash is read at once, so that nothing comes twice.
	batch       ebpf.MapBatchCursor
	size        int
	keys        func(i int) []byte // nil where there is no room for a batch
	values      func(i int) []byte
	keysOut     any // the same as package ebpf takes them
	valuesOut   any
	next, ready int
	started     bool

	// One by one: a kernel that finds the last key deleted begins anew.
	single bool
	key    []byte
	seen   map[string]bool
}

// Bounds of what is read at once.
const (
	cursorEntries = 512
	cursorBytes   = 1 << 20
)

// Entries returns a Cursor before the first entry.
func (m *Map) Entries() *Cursor {
	c := &Cursor{m: m}
	switch {
	case m.kind.keyless:
		c.err = m.errorf("items: a %s cannot be walked over%s", m.Kind, map[bool]string{true: "; pop takes what is in it"}[m.isQueue()])
	case m.kind.key != itself:
		c.err = m.errorf("items: the kernel walks over no %s", m.Kind)
	case !m.kind.data:
		c.single = true
	default:
		entry := m.Key.Size + max(m.CPUs, 1)*m.Value.Size
		c.size = max(1, min(cursorEntries, cursorBytes/max(entry, 1), m.MaxEntries))
	}
	return c
}

// Next returns the next entry, a copy. ok is false at the end, or where Err tells why not.
func (c *Cursor) Next() (key, value []byte, ok bool) {
	if c.err != nil {
		return nil, nil, false
	}
	if !c.single && c.next == c.ready {
		c.read()
	}
	switch {
	case c.err != nil:
		return nil, nil, false
	case c.single:
		return c.one()
	case c.next == c.ready:
		return nil, nil, false
	}
	i := c.next
	c.next++
	cpus := max(c.m.CPUs, 1)
	value = make([]byte, 0, cpus*c.m.Value.Size)
	for cpu := range cpus {
		value = append(value, c.values(i*cpus+cpu)...)
	}
	return slices.Clone(c.keys(i)), value, true
}

// Err returns why Next ended before the end.
func (c *Cursor) Err() error { return c.err }

// read reads the next batch.
func (c *Cursor) read() {
	for !c.end {
		if c.next, c.ready = 0, 0; c.keys == nil {
			c.room()
		}
		n, err := c.m.kernel.BatchLookup(&c.batch, c.keysOut, c.valuesOut, nil)
		switch {
		case errors.Is(err, ebpf.ErrKeyNotExist):
			c.end = true
		case errors.Is(err, unix.ENOSPC) && c.size < c.m.MaxEntries: // a bucket of a hash is larger
			c.size = min(2*c.size, c.m.MaxEntries)
			c.keys = nil
			continue
		case err != nil && !c.started:
			// Not every kernel has batches for every type.
			c.single = true
			return
		case err != nil:
			c.err = c.m.failed("items", err)
			return
		}
		c.started = true
		if c.ready = n; n > 0 {
			return
		}
	}
}

// one reads the next entry by its key.
func (c *Cursor) one() (key, value []byte, ok bool) {
	if c.seen == nil {
		c.seen = make(map[string]bool)
	}
	for again := 0; ; {
		var at any
		if c.key != nil {
			at = c.key
		}
		next, err := c.m.kernel.NextKeyBytes(at)
		switch {
		case err != nil:
			c.err = c.m.failed("items", err)
			return nil, nil, false
		case next == nil:
			return nil, nil, false
		}
		c.key = next
		if c.seen[string(next)] {
			// It began anew. A map that is changed faster than it is read may keep it from ever reaching the end.
			if again++; again > 2*c.m.MaxEntries {
				return nil, nil, false
			}
			continue
		}
		c.seen[string(next)] = true
		if c.m.kind.maps {
			return next, nil, true
		}
		value, err := c.m.Lookup(next)
		if err != nil {
			c.err = err
			return nil, nil, false
		}
		if value != nil { // else it was deleted meanwhile, or an array's place is empty
			return next, value, true
		}
	}
}

// room makes room for a batch. Package ebpf takes memory whose type only we know as a slice of arrays.
func (c *Cursor) room() {
	keys := reflect.MakeSlice(reflect.SliceOf(reflect.ArrayOf(c.m.Key.Size, reflect.TypeFor[byte]())), c.size, c.size)
	n := c.size * max(c.m.CPUs, 1)
	values := reflect.MakeSlice(reflect.SliceOf(reflect.ArrayOf(c.m.Value.Size, reflect.TypeFor[byte]())), n, n)
	c.keys = func(i int) []byte { return keys.Index(i).Bytes() }
	c.values = func(i int) []byte { return values.Index(i).Bytes() }
	c.keysOut, c.valuesOut = keys.Interface(), values.Interface()
}

// Count returns how many entries there are. Of arrays that is how many there may be.
func (m *Map) Count() (int, error) {
	if m.kind.array && m.kind.data {
		return m.MaxEntries, m.openError("count")
	}
	n := 0
	c := m.Entries()
	for _, _, ok := c.Next(); ok; _, _, ok = c.Next() {
		n++
	}
	return n, c.Err()
}

func (m *Map) openError(what string) error {
	if err := m.owner.open(); err != nil {
		return m.errorf("%s: %w", what, err)
	}
	return nil
}

// Clear deletes all entries; those of arrays become zero.
func (m *Map) Clear() error {
	if m.kind.keyless && !m.isQueue() {
		return m.errorf("clear: a %s cannot be emptied from here", m.Kind)
	}
	if m.kind.keyless {
		for {
			if value, err := m.Pop(); value == nil || err != nil {
				return err
			}
		}
	}
	zero := []byte(nil)
	if m.kind.array && m.kind.data {
		zero = make([]byte, max(m.CPUs, 1)*m.Value.Size)
	}
	c := m.Entries()
	for {
		key, value, ok := c.Next()
		if !ok {
			return c.Err()
		}
		var err error
		switch {
		case zero == nil:
			_, err = m.Delete(key)
		case !allZero(value):
			err = m.Update(key, zero)
		}
		if err != nil {
			return err
		}
	}
}
