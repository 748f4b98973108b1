package bpf

import (
	"fmt"
)

// Entries returns the entries of a map of the object as they are now, as MapInfo.Entry lays them out: a copy. Of per-CPU
// maps the values of all CPUs are added up; entries of arrays that are all zero are left out. A map that
// changes meanwhile may yield entries as they were or as they are, each at most once.
func (i *Instance) Entries(info *MapInfo) ([][]byte, error) {
	m, err := i.Map(info.Name)
	if err != nil {
		return nil, fmt.Errorf("read map %s: %w", info.Name, err)
	}
	if m.Key.Size != info.Key.Size || m.Value.Size != info.Value.Size {
		return nil, fmt.Errorf("read map %s: the kernel's has another layout", info.Name)
	}
	var entries [][]byte
	c := m.Entries()
	for key, value, ok := c.Next(); ok; key, value, ok = c.Next() {
		if entry := m.entry(info, key, value); entry != nil {
			entries = append(entries, entry)
		}
	}
	return entries, c.Err()
}

// entry puts a key and the sum of its values together; nil where an array has nothing there.
func (m *Map) entry(info *MapInfo, key, value []byte) []byte {
	entry := make([]byte, info.Entry.Size)
	copy(info.KeyOf(entry), key)
	sum := info.ValueOf(entry)
	copy(sum, value[:m.Value.Size])
	for rest := value[m.Value.Size:]; len(rest) > 0; rest = rest[m.Value.Size:] {
		addValue(info.Value, sum, rest[:m.Value.Size])
	}
	if info.Array && allZero(sum) {
		return nil
	}
	return entry
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
