package bpf

import (
	"fmt"
	"slices"

	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

// Snapshot is what programs left in maps and global variables for others to read, at one time.
type Snapshot struct {
	Maps      []MapContent // those that are no scratch memory and not empty, by name
	Variables []Variable   // not read-only, and not zero
	// Logarithmic is set where slot i of a histogram counts values from 2^i on, as the programs' code tells. Otherwise slots count
	// whatever the program has them for, mostly one value each.
	Logarithmic bool

	stacks []*Map
}

// MapContent are the entries of one map.
type MapContent struct {
	*MapInfo
	Entries [][]byte // see MapInfo.Entry
}

// Snapshot reads all maps that hold data, and all variables that programs may write.
func (i *Instance) Snapshot() (*Snapshot, error) {
	s := &Snapshot{Logarithmic: i.object.takesLogarithms()}
	for _, info := range i.object.Maps() {
		if info.Scratch {
			continue
		}
		entries, err := i.Entries(info)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			s.Maps = append(s.Maps, MapContent{info, entries})
		}
	}
	var err error
	if s.Variables, err = i.variables(); err != nil {
		return nil, err
	}
	s.stacks, err = i.StackMaps()
	return s, err
}

// Counts is Snapshot for what programs that send events count beside them, and add up: of maps those in which they add to what is there, and of
// variables, too. What else such programs keep is of use to themselves.
func (i *Instance) Counts() (*Snapshot, error) {
	s, err := i.Snapshot()
	if err != nil {
		return nil, err
	}
	counted := i.object.additions()
	s.Maps = slices.DeleteFunc(s.Maps, func(m MapContent) bool { return len(counted[m.Name]) == 0 })
	s.Variables = slices.DeleteFunc(s.Variables, func(v Variable) bool {
		spec := i.object.spec.Variables[v.Name]
		return !slices.ContainsFunc(counted[spec.SectionName], func(offset int64) bool {
			return int64(spec.Offset) <= offset && offset < int64(spec.Offset)+int64(spec.Size())
		})
	})
	return s, nil
}

// additions returns the maps that programs count in. Of sections of variables there are the places, too.
func (o *Object) additions() map[string][]int64 {
	counted := make(map[string][]int64)
	for _, p := range o.spec.Programs {
		for _, a := range flow.Additions(p.Instructions) {
			counted[a.Map] = append(counted[a.Map], a.Offset)
		}
	}
	return counted
}

// variables returns the variables that programs may write and that are not zero, with their values of now.
func (i *Instance) variables() ([]Variable, error) {
	sections := make(map[string][]byte)
	var vars []Variable
	for _, v := range i.object.Variables() {
		spec := i.object.spec.Variables[v.Name]
		m := i.maps[spec.SectionName]
		if spec.Constant() || m == nil {
			continue
		}
		section, ok := sections[spec.SectionName]
		if !ok {
			var err error
			if section, err = m.LookupBytes(uint32(0)); err != nil {
				return nil, fmt.Errorf("read section %s: %w", spec.SectionName, err)
			}
			sections[spec.SectionName] = section
		}
		end := uint64(spec.Offset) + uint64(len(v.Value))
		if end > uint64(len(section)) {
			continue
		}
		v.Value = slices.Clone(section[spec.Offset:end])
		if !allZero(v.Value) {
			vars = append(vars, v)
		}
	}
	return vars, nil
}

// HasStacks reports whether the object keeps stack traces, so that Stack may know some.
func (s *Snapshot) HasStacks() bool { return len(s.stacks) > 0 }

// Stack returns the stack trace that bpf_get_stackid called id, the innermost frame first. It is nil
// where no map has it. It must not be called once the instance is closed.
func (s *Snapshot) Stack(id int64) []Frame {
	return FindStack(s.stacks, id)
}
