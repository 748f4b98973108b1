package bpf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// Map is a map of an instance, to read and write its entries. Keys and values are bytes as Key and Value lay them out; Encode makes them. It can be
// used until its instance is closed, which its methods tell by ErrClosed.
type Map struct {
	Name       string
	Kind       string       // "hash", "percpu_array", ...: its type as C writes it, in lower case
	Key        *decode.Type // nil where there are none, as in queues, and where text names what they stand for
	Value      *decode.Type // of one CPU; nil of maps of maps, and of a ring whose source does not tell it
	CPUs       int          // how many values an entry has, one behind the other; 0 where it has one for all CPUs
	MaxEntries int

	kind   mapKind
	kernel *ebpf.Map
	inner  *ebpf.MapSpec // what is in a map of maps
	owner  *Instance
}

// ErrClosed is the error of all that needs an instance which was closed.
var ErrClosed = errors.New("the instance is closed")

// MapNames returns the names of the maps that Map knows, in order.
func (i *Instance) MapNames() []string {
	var names []string
	for name, m := range i.maps {
		if _, ok := mapKinds[m.Type()]; ok && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Map returns the map called name. Sections of global variables are none; see Variable.
func (i *Instance) Map(name string) (*Map, error) {
	if err := i.open(); err != nil {
		return nil, err
	}
	kernel, spec := i.maps[name], i.object.spec.Maps[name]
	if kernel == nil || spec == nil || strings.HasPrefix(name, ".") {
		names := i.MapNames()
		if len(names) == 0 {
			return nil, fmt.Errorf("no map named %s: %s has none that can be read or written from here", name, i.object.name)
		}
		return nil, fmt.Errorf("no map named %s%s; there are: %s", name, near.Hint(near.Names(name, names)), strings.Join(names, ", "))
	}
	return newMap(name, i, kernel, spec)
}

// open returns ErrClosed once i was closed.
func (i *Instance) open() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	return nil
}

func newMap(name string, owner *Instance, kernel *ebpf.Map, spec *ebpf.MapSpec) (*Map, error) {
	kind, ok := mapKinds[kernel.Type()]
	if !ok {
		why, known := noEntries[kernel.Type()]
		if !known {
			why = "whose entries cannot be read or written from here"
		}
		return nil, fmt.Errorf("map %s is a %s, %s", name, mapTypeName(kernel.Type()), why)
	}
	m := &Map{Name: name, Kind: kind.name, MaxEntries: int(kernel.MaxEntries()), kind: kind, kernel: kernel, inner: spec.InnerMap, owner: owner}
	var err error
	if !kind.keyless && (kind.key == itself || kind.key == processOf) {
		if m.Key, err = typeOfSize(spec.Key, kernel.KeySize()); err != nil {
			return nil, fmt.Errorf("read the type of keys of map %s: %w", name, err)
		}
	}
	if kind.perCPU {
		if m.CPUs, err = ebpf.PossibleCPU(); err != nil {
			return nil, fmt.Errorf("count the CPUs of map %s: %w", name, err)
		}
	}
	value := spec.Value
	if kind.stacks {
		value = stackType(kernel)
	}
	switch {
	case kind.ring && value != nil:
		if m.Value, err = decode.New(value); err != nil {
			return nil, fmt.Errorf("read the type of records of map %s: %w", name, err)
		}
	case !kind.maps && !kind.ring:
		if m.Value, err = typeOfSize(value, kernel.ValueSize()); err != nil {
			return nil, fmt.Errorf("read the type of values of map %s: %w", name, err)
		}
	}
	return m, nil
}

// typeOfSize returns the layout of t if it is of that size, which is the kernel's, or else of as many bytes.
func typeOfSize(t btf.Type, size uint32) (*decode.Type, error) {
	if n, err := btf.Sizeof(t); t == nil || err != nil || n != int(size) {
		t = nil
	}
	return decode.New(ofSize(t, size))
}

// EncodeKey returns the bytes of a key. See Encode. Sockets, files and cgroups are named by text; the prefixes of a trie may be, too.
func (m *Map) EncodeKey(value any) (b []byte, err error) {
	text, isText := value.(string)
	switch {
	case m.kind.keyless:
		return nil, m.errorf("a %s has no keys", m.Kind)
	case m.Key == nil:
		b, err = m.kind.key.encode(value)
	case m.kind.prefixes && isText:
		b, err = encodePrefix(m.Key.Size, text)
	default:
		b, err = Encode(m.Key, value)
	}
	if err != nil {
		return nil, m.errorf("key: %w", err)
	}
	return b, nil
}

// EncodeValue returns the bytes of a value; for a map of values for each CPU it is a list of them, one for each CPU. Sockets and
// cgroups are named by text.
func (m *Map) EncodeValue(value any) ([]byte, error) {
	switch text, isText := value.(string); {
	case m.kind.value != itself:
		b, err := m.kind.value.encode(value)
		if err != nil {
			return nil, m.errorf("value: %w", err)
		}
		return b, nil
	case m.kind.ring && m.Value == nil && isText:
		return []byte(text), nil
	case m.kind.ring && m.Value == nil:
		return nil, m.errorf("value: its source gives records no type, as __type(value, struct x) does; it takes their bytes as a string, got %s", describe(value))
	case m.Value == nil:
		return nil, m.errorf("its values are maps")
	}
	if m.CPUs == 0 {
		b, err := Encode(m.Value, value)
		if err != nil {
			return nil, m.errorf("value: %w", err)
		}
		return b, nil
	}
	list, ok := value.([]any)
	switch {
	case !ok:
		return nil, m.errorf("value: it takes a list of values, one for each CPU, got %s", describe(value))
	case len(list) > m.CPUs:
		return nil, m.errorf("value: it takes %d values, one for each CPU, got %d", m.CPUs, len(list))
	}
	all := make([]byte, m.CPUs*m.Value.Size)
	for cpu, v := range list {
		if err := encode(m.Value, all[cpu*m.Value.Size:][:m.Value.Size], v); err != nil {
			return nil, m.errorf("value %d: %w", cpu+1, err)
		}
	}
	return all, nil
}

// errorf is an error about m.
func (m *Map) errorf(format string, args ...any) error {
	return fmt.Errorf("map %s: %w", m.Name, fmt.Errorf(format, args...))
}

// failed explains an error of the kernel.
func (m *Map) failed(what string, err error) error {
	if open := m.owner.open(); open != nil {
		return m.errorf("%s: %w", what, open)
	}
	switch {
	case errors.Is(err, unix.E2BIG) && m.kind.array, errors.Is(err, unix.E2BIG) && m.kind.stacks:
		return m.errorf("%s: it has %d entries, counted from 0", what, m.MaxEntries)
	case errors.Is(err, unix.E2BIG):
		return m.errorf("%s: it is full with %d entries", what, m.MaxEntries)
	case errors.Is(err, unix.EPERM):
		return m.errorf("%s: the map is read-only or write-only for user space", what)
	case errors.Is(err, unix.EOPNOTSUPP) && what == "set" && m.kind.value == socketOf:
		return m.errorf("set: a %s takes no socket of that sort or in that state", m.Kind)
	case errUnread(err) && what != "set":
		return m.errorf("%s: the kernel does not show user space what is in a %s", what, m.Kind)
	case errors.Is(err, unix.ENOSPC) && m.kind.value == socketOf:
		return m.errorf("%s: the kernel tells the cookie of a socket, which takes values of 8 bytes, not %d", what, m.kernel.ValueSize())
	case errors.Is(err, unix.EBUSY):
		return m.errorf("%s: the kernel is busy with it", what)
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		return m.errorf("%s: %w", what, errno)
	}
	return m.errorf("%s: %w", what, err)
}

// checkKey reports what is wrong with a key.
func (m *Map) checkKey(what string, key []byte) error {
	switch {
	case m.kind.keyless:
		return m.errorf("%s: a %s has no keys", what, m.Kind)
	case m.Key != nil && len(key) != m.Key.Size:
		return m.errorf("%s: the key has %d bytes, want %d", what, len(key), m.Key.Size)
	}
	return nil
}

// Lookup returns a copy of the value of key, or of the values of all CPUs; nil where there is no such entry.
func (m *Map) Lookup(key []byte) (value []byte, err error) {
	if err := m.checkKey("get", key); err != nil {
		return nil, err
	}
	key, done, err := m.refer("get", m.kind.key, key, int(m.kernel.KeySize()))
	if err != nil {
		return nil, err
	}
	defer done()
	if m.CPUs == 0 {
		value, err = m.kernel.LookupBytes(key)
	} else {
		values := m.values(nil)
		err = m.kernel.Lookup(key, values)
		value = slices.Concat(values...)
	}
	switch {
	case errors.Is(err, ebpf.ErrKeyNotExist):
		return nil, nil
	case err != nil:
		return nil, m.failed("get", err)
	}
	return value, nil
}

// values splits the values of all CPUs, or makes room for them where there are none.
func (m *Map) values(all []byte) [][]byte {
	if all == nil {
		all = make([]byte, m.CPUs*m.Value.Size)
	}
	return slices.Collect(slices.Chunk(all, m.Value.Size))
}

// Update sets the value of key, which is made if need be.
func (m *Map) Update(key, value []byte) error {
	if err := m.checkKey("set", key); err != nil {
		return err
	}
	switch {
	case m.kind.stacks:
		return m.errorf("set: stack traces are written by programs alone")
	case m.kind.programs:
		return m.errorf("set: its values are programs, which are put there by their names")
	case m.Value == nil:
		return m.errorf("set: its values are maps")
	case m.kind.value == itself && len(value) != max(m.CPUs, 1)*m.Value.Size:
		return m.errorf("set: the value has %d bytes, want %d", len(value), max(m.CPUs, 1)*m.Value.Size)
	}
	key, done, err := m.refer("set", m.kind.key, key, int(m.kernel.KeySize()))
	if err != nil {
		return err
	}
	defer done()
	value, putBack, err := m.refer("set", m.kind.value, value, int(m.kernel.ValueSize()))
	if err != nil {
		return err
	}
	defer putBack()
	if m.CPUs == 0 {
		err = m.kernel.Put(key, value)
	} else {
		err = m.kernel.Put(key, m.values(value))
	}
	if err != nil {
		return m.failed("set", err)
	}
	return nil
}

// Delete removes the entry of key, and reports whether there was one.
func (m *Map) Delete(key []byte) (bool, error) {
	if err := m.checkKey("delete", key); err != nil {
		return false, err
	}
	if m.kind.array && m.kind.data {
		return false, m.errorf("delete: entries of an array are always there; set it to zero instead")
	}
	key, done, err := m.refer("delete", m.kind.key, key, int(m.kernel.KeySize()))
	if err != nil {
		return false, err
	}
	defer done()
	switch err := m.kernel.Delete(key); {
	case errors.Is(err, ebpf.ErrKeyNotExist):
		return false, nil
	case err != nil:
		return false, m.failed("delete", err)
	}
	return true, nil
}
