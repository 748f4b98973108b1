package bpf

import (
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/dwarftype"
	"github.com/ebpfx/ebpfx/bpf/internal/foreign"
)

// KeepEventTypes returns the object, a file's contents, with the types of its events written into its BTF, as far as its debug
// information tells more of them than is there already. It returns the object itself where it does not, and is to be called before somebody strips the
// debug information. Open does the same with what it reads.
func KeepEventTypes(object []byte) ([]byte, error) {
	if !foreign.Is(object) {
		return dwarftype.Annotate(object)
	}
	turned, err := foreign.Turn(object)
	if err != nil {
		return nil, err
	}
	if turned, err = dwarftype.Annotate(turned); err != nil {
		return nil, err
	}
	return foreign.Turn(turned)
}

// typesFromDebug takes the types that are tagged as those of records.
func (o *Object) typesFromDebug() {
	for t, err := range o.spec.Types.All() {
		if err != nil {
			return
		}
		var tags []string
		switch t := t.(type) {
		case *btf.Struct:
			tags = t.Tags
		case *btf.Union:
			tags = t.Tags
		case *btf.Typedef:
			tags = t.Tags
		}
		for _, tag := range tags {
			if name, ok := strings.CutPrefix(tag, dwarftype.Tag); ok {
				o.addTagged(name, t)
			}
		}
	}
}

// addTagged notes that records of the stream called name are of type t. The name may also be that of a map that holds
// ring buffers, or "" where the code does not tell.
func (o *Object) addTagged(name string, t btf.Type) {
	layout, err := decode.New(t)
	if err != nil || layout.Size == 0 {
		return
	}
	switch s := o.stream(name); {
	case s != nil:
		s.add(layout, MethodDebug)
	case name == "" && len(o.streams) == 1:
		o.streams[0].add(layout, MethodDebug)
	case o.spec.Maps[name] != nil:
		for _, held := range o.spec.Maps[name].Contents {
			if inner, ok := held.Value.(string); ok {
				if s := o.stream(inner); s != nil {
					s.add(layout, MethodDebug)
				}
			}
		}
	}
}
