package bpf

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/cilium/ebpf"
)

// readBatch is how many entries of a map are read by one system call.
const readBatch = 512

// Entries returns the entries of a map of the object as they are now, as MapInfo.Entry lays them out: a copy. Of per-CPU
// maps the values of all CPUs are added up; entries of arrays that are all zero are left out. A map that
// changes meanwhile may yield entries as they were or as they are, each at most once.
func (i *Instance) Entries(info *MapInfo) ([][]byte, error) {
	m := i.maps[info.Name]
	if m == nil {
		return nil, fmt.Errorf("read map %s: it is not loaded", info.Name)
	}
	if int(m.KeySize()) != info.Key.Size || int(m.ValueSize()) != info.Value.Size {
		return nil, fmt.Errorf("read map %s: the kernel's has another layout", info.Name)
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("read map %s: %w", info.Name, err)
	}
	r := newReader(info, m, cpus)
	// Not every kernel has batches for every type, and a bucket of a hash may be larger than one.
	if err = r.batches(); err != nil {
		err = r.oneByOne()
	}
	if err != nil {
		return nil, fmt.Errorf("read map %s: %w", info.Name, err)
	}
	return r.entries, nil
}

// mapReader reads one map.
type mapReader struct {
	info    *MapInfo
	m       *ebpf.Map
	cpus    int // values of each entry
	entries [][]byte
	seen    map[string]bool // keys in entries
}

func newReader(info *MapInfo, m *ebpf.Map, cpus int) *mapReader {
	if !info.PerCPU {
		cpus = 1
	}
	return &mapReader{info: info, m: m, cpus: cpus, seen: make(map[string]bool)}
}

// batches reads many entries at a time.
func (r *mapReader) batches() error {
	keys, keyBytes := r.buffer(r.info.Key.Size, readBatch)
	values, valueBytes := r.buffer(r.info.Value.Size, readBatch*r.cpus)
	var cursor ebpf.MapBatchCursor
	for {
		n, err := r.m.BatchLookup(&cursor, keys, values, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return err
		}
		for k := range n {
			r.add(keyBytes(k), func(cpu int) []byte { return valueBytes(k*r.cpus + cpu) })
		}
		if err != nil { // the end
			return nil
		}
	}
}

// buffer returns a slice of n arrays of size bytes, which is how package ebpf takes memory whose type only we know, and a
// function that returns the bytes of one of them.
func (r *mapReader) buffer(size, n int) (slice any, at func(int) []byte) {
	s := reflect.MakeSlice(reflect.SliceOf(reflect.ArrayOf(size, reflect.TypeFor[byte]())), n, n)
	return s.Interface(), func(i int) []byte { return s.Index(i).Bytes() }
}

// oneByOne reads an entry at a time.
func (r *mapReader) oneByOne() error {
	var key []byte
	values := make([][]byte, r.cpus)
	entries := r.m.Iterate()
	for {
		var more bool
		if r.info.PerCPU {
			more = entries.Next(&key, values)
		} else {
			more = entries.Next(&key, &values[0])
		}
		if !more {
			break
		}
		r.add(key, func(cpu int) []byte { return values[cpu] })
	}
	if err := entries.Err(); !errors.Is(err, ebpf.ErrIterationAborted) { // which is of a map that changes faster than it is read
		return err
	}
	return nil
}

// add adds an entry, unless it is there.
func (r *mapReader) add(key []byte, value func(cpu int) []byte) {
	if r.seen[string(key)] {
		return
	}
	r.seen[string(key)] = true
	entry := make([]byte, r.info.Entry.Size)
	copy(r.info.KeyOf(entry), key)
	sum := r.info.ValueOf(entry)
	for cpu := range r.cpus {
		if cpu == 0 {
			copy(sum, value(cpu))
		} else {
			addValue(r.info.Value, sum, value(cpu))
		}
	}
	if r.info.Array && allZero(sum) {
		return
	}
	r.entries = append(r.entries, entry)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
