package bpf

import (
	"errors"

	"github.com/cilium/ebpf"
)

// isQueue reports whether values are taken out of m one by one.
func (m *Map) isQueue() bool {
	return m.kernel.Type() == ebpf.Queue || m.kernel.Type() == ebpf.Stack
}

// Push adds a value to a queue, a stack or a Bloom filter, or a record to a ring that programs drain.
func (m *Map) Push(value []byte) error {
	switch {
	case !m.kind.keyless:
		return m.errorf("push: a %s has keys; set gives one a value", m.Kind)
	case m.kind.ring:
		return m.produce(value)
	case len(value) != m.Value.Size:
		return m.errorf("push: the value has %d bytes, want %d", len(value), m.Value.Size)
	}
	if err := m.kernel.Put(nil, value); err != nil {
		return m.failed("push", err)
	}
	return nil
}

// Pop takes the value that is next from a queue or a stack; nil where it is empty.
func (m *Map) Pop() ([]byte, error) {
	if !m.isQueue() {
		return nil, m.errorf("pop: a %s is no queue", m.Kind)
	}
	value := make([]byte, m.Value.Size)
	return m.taken("pop", value, m.kernel.LookupAndDelete(nil, value))
}

// Peek returns the value that Pop would take.
func (m *Map) Peek() ([]byte, error) {
	if !m.isQueue() {
		return nil, m.errorf("peek: a %s is no queue", m.Kind)
	}
	value := make([]byte, m.Value.Size)
	return m.taken("peek", value, m.kernel.Lookup(nil, value))
}

func (m *Map) taken(what string, value []byte, err error) ([]byte, error) {
	switch {
	case errors.Is(err, ebpf.ErrKeyNotExist):
		return nil, nil
	case err != nil:
		return nil, m.failed(what, err)
	}
	return value, nil
}

// Contains reports whether a Bloom filter may hold value: false is certain.
func (m *Map) Contains(value []byte) (bool, error) {
	if m.kernel.Type() != ebpf.BloomFilter {
		return false, m.errorf("contains: a %s is no Bloom filter", m.Kind)
	}
	if len(value) != m.Value.Size {
		return false, m.errorf("contains: the value has %d bytes, want %d", len(value), m.Value.Size)
	}
	found, err := m.taken("contains", value, m.kernel.Lookup(nil, value))
	return found != nil, err
}
