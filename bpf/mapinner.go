package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// HoldsMaps reports whether the values of m are maps.
func (m *Map) HoldsMaps() bool { return m.kind.maps }

// HoldsPrograms reports whether the values of m are programs.
func (m *Map) HoldsPrograms() bool { return m.kind.programs }

// Inner returns the map at key of a map of maps; nil where there is none. It is open until the instance is closed.
func (m *Map) Inner(key []byte) (*Map, error) {
	if err := m.checkKey("get", key); err != nil {
		return nil, err
	}
	var kernel *ebpf.Map
	switch err := m.kernel.Lookup(key, &kernel); {
	case errors.Is(err, ebpf.ErrKeyNotExist):
		return nil, nil
	case err != nil:
		return nil, m.failed("get", err)
	}
	return m.owned(kernel)
}

// owned makes a Map of what m holds, which its instance closes. A map that it has already is closed at once.
func (m *Map) owned(kernel *ebpf.Map) (*Map, error) {
	spec := m.inner
	if spec == nil {
		spec = &ebpf.MapSpec{}
	}
	inner, err := newMap(m.Name+"[]", m.owner, kernel, spec)
	if err == nil {
		inner, err = m.owner.adopt(inner)
	}
	if err != nil || inner.kernel != kernel {
		_ = kernel.Close() // nothing was written to it
	}
	return inner, err
}

// adopt has i close a map when it is closed, and returns what it has of the same map.
func (i *Instance) adopt(m *Map) (*Map, error) {
	info, err := m.kernel.Info()
	if err != nil {
		return nil, m.failed("read", err)
	}
	id, ok := info.ID()
	if !ok {
		return nil, m.errorf("read: this kernel does not tell which map it is")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, ErrClosed
	}
	if have := i.inner[id]; have != nil {
		return have, nil
	}
	if i.inner == nil {
		i.inner = make(map[ebpf.MapID]*Map)
	}
	i.inner[id] = m
	return m, nil
}

// NewInner returns a new and empty map of the sort that m holds.
func (m *Map) NewInner() (*Map, error) {
	if m.inner == nil {
		return nil, m.errorf("set: its source does not say what maps it holds")
	}
	kernel, err := ebpf.NewMap(m.inner)
	if err != nil {
		return nil, m.failed("make a map to hold", err)
	}
	return m.owned(kernel)
}

// UpdateInner puts a map into a map of maps.
func (m *Map) UpdateInner(key []byte, inner *Map) error {
	if err := m.checkKey("set", key); err != nil {
		return err
	}
	if err := m.kernel.Put(key, inner.kernel); err != nil {
		return m.failed("set", fmt.Errorf("map %s: %w", inner.Name, err))
	}
	return nil
}

// UpdateProgram puts a program of the instance into a map of programs, for tail calls.
func (m *Map) UpdateProgram(key []byte, name string) error {
	if err := m.checkKey("set", key); err != nil {
		return err
	}
	program := m.owner.programs[name]
	if program == nil {
		var names []string
		for n := range m.owner.programs {
			names = append(names, n)
		}
		slices.Sort(names)
		return m.errorf("set: no program named %s%s; there are: %s", name, near.Hint(near.Names(name, names)), strings.Join(names, ", "))
	}
	if err := m.kernel.Put(key, program); err != nil {
		return m.failed("set", err)
	}
	return nil
}

// ProgramName returns the name of the program whose ID is the value of an entry, or "" where the instance does not have it.
func (m *Map) ProgramName(value []byte) string {
	if len(value) != 4 {
		return ""
	}
	id := ebpf.ProgramID(binary.NativeEndian.Uint32(value))
	for name, p := range m.owner.programs {
		if info, err := p.Info(); err == nil {
			if its, ok := info.ID(); ok && its == id {
				return name
			}
		}
	}
	return ""
}
