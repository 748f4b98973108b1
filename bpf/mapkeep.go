package bpf

import (
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// keepMaps returns the maps of the instance to be replaced that l is to use, and notes which those are.
func (l *loader) keepMaps(old *Instance) map[string]*ebpf.Map {
	keep := make(map[string]*ebpf.Map)
	t := &Takeover{}
	for name, m := range l.maps {
		have, was := old.maps[name], old.definitions[name]
		if name == gateMap && have != nil {
			keep[name] = have
			continue
		}
		if have == nil || was == nil || isOwn(name) {
			continue
		}
		why := changed(m, was)
		if why == "" && streamKind(m.Type) != "" {
			why = l.streamChanged(old, name)
		}
		switch {
		case why == "" && m.Type == ebpf.PerfEventArray:
			// It holds the buffers of whoever reads it, and those of the old instance are read to their end.
		case why == "" && readOnly(m):
			// It is what the object says.
		case why == "" && m.Type == ebpf.ProgramArray:
			// The old programs go on with theirs.
		case why == "":
			keep[name] = have
			t.Kept = append(t.Kept, name)
		case !readOnly(m):
			t.Fresh = append(t.Fresh, FreshMap{name, why})
		}
	}
	for name, was := range old.definitions {
		if l.maps[name] == nil && !isOwn(name) && !readOnly(was) {
			t.Gone = append(t.Gone, name)
		}
	}
	slices.Sort(t.Kept)
	slices.Sort(t.Gone)
	slices.SortFunc(t.Fresh, func(a, b FreshMap) int { return strings.Compare(a.Name, b.Name) })
	l.inst.takeover = t
	return keep
}

// isOwn reports whether a map is one that ebpfx itself writes, as an instance needs it.
func isOwn(name string) bool {
	return name == counterMap || name == kconfigMap || name == gateMap || strings.HasPrefix(name, "__bpf_usdt_")
}

// readOnly reports whether m holds variables that nobody changes.
func readOnly(m *ebpf.MapSpec) bool { return isSection(m) && strings.HasPrefix(m.Name, ".rodata") }

// streamChanged says why what is in a buffer would be misread.
func (l *loader) streamChanged(old *Instance, name string) string {
	was, is := old.object.stream(name), l.stream(name)
	if was == nil || is == nil {
		return ""
	}
	same := len(was.Types) == len(is.Types)
	for i := range is.Types {
		same = same && was.Types[i].Equal(is.Types[i])
	}
	if !same {
		return "its events are of another type"
	}
	return ""
}
