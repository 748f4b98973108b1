package bpf

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// takes says which options of a Hook mean something to a kind.
type takes uint16

const (
	takesPID takes = 1 << iota
	takesOffset
	takesCookie
	takesCPU
	takesMode
	takesPriority
	takesMap
	takesCgroup
	takesOrder
)

// check refuses options that would do nothing.
func (k *kind) check(h Hook) error {
	for _, option := range []struct {
		name  string
		set   bool
		taken takes
	}{
		{"pid", h.PID != 0, takesPID},
		{"offset", h.Offset != 0, takesOffset},
		{"cookie", h.Cookie != 0, takesCookie},
		{"cpu", h.CPU != "", takesCPU},
		{"mode", h.Mode != "", takesMode},
		{"priority", h.Priority != 0, takesPriority},
		{"map", h.Map != "", takesMap},
		{"cgroup", h.Cgroup != "", takesCgroup},
		{"order", h.Order != "", takesOrder},
	} {
		if option.set && k.takes&option.taken == 0 {
			var who []string
			for _, other := range kinds {
				if other.takes&option.taken != 0 {
					who = append(who, other.name)
				}
			}
			return fmt.Errorf("%s is an option of %s, not of %s", option.name, near.List(who, "and"), k.name)
		}
	}
	return nil
}

// choose returns the value of one of the names that an option takes.
func choose[T any](option, name string, from map[string]T) (T, error) {
	value, ok := from[name]
	if !ok {
		return value, fmt.Errorf("%s is %s, not %s", option, near.List(slices.Sorted(maps.Keys(from)), "or"), name)
	}
	return value, nil
}
