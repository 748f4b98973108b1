package bpf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// typesFromMaps takes what maps say to hold: __type(value, struct x), which has no other meaning for those that are streams.
func (o *Object) typesFromMaps() {
	for _, s := range o.streams {
		value := o.spec.Maps[s.Map].Value
		if s.Method != "" || value == nil {
			continue
		}
		switch btf.UnderlyingType(value).(type) {
		case *btf.Struct, *btf.Union:
			if t, err := decode.New(value); err == nil && t.Size > 0 {
				s.add(t, MethodMap)
			}
		}
	}
}

// typesFromSize finds types for the streams of objects that were compiled without our header: struct event,
// or else the one struct of the object that is as large as the records sent. A guess is a guess, so it is
// told, and where several structs fit none is taken. Where the header was there it and the debug information say of every call what there is to say, and a struct that
// happens to have the size is none of the records.
func (o *Object) typesFromSize(emissions []emission) {
	for _, s := range o.streams {
		if s.Method != "" {
			continue
		}
		sizes := sizesOf(s, emissions)
		if t := o.structEvent(s, sizes); t != nil {
			s.add(t, MethodEvent)
			o.notices = append(o.notices, fmt.Sprintf("%s: the object does not say what its records are; taking them for struct event", s.Map))
			continue
		}
		for _, size := range sizes {
			o.addBySize(s, size)
		}
	}
}

// structEvent returns struct event when it is in the BTF, is as large as some record, and s is the only stream.
func (o *Object) structEvent(s *StreamInfo, sizes []int) *decode.Type {
	var event *btf.Struct
	if len(o.streams) > 1 || o.spec.Types.TypeByName("event", &event) != nil {
		return nil
	}
	if len(sizes) > 0 && !slices.Contains(sizes, int(event.Size)) {
		return nil
	}
	t, err := decode.New(event)
	if err != nil {
		return nil
	}
	return t
}

// addBySize looks for the struct of a size among those that are the program's own.
func (o *Object) addBySize(s *StreamInfo, size int) {
	fits := o.structsOf(size)
	switch len(fits) {
	case 0:
	case 1:
		t, err := decode.New(fits[0])
		if err != nil {
			return
		}
		s.add(t, MethodSize)
		o.notices = append(o.notices, fmt.Sprintf("%s: the object does not say what its records are; taking those of %d bytes for %s, which has that size",
			s.Map, size, t.Name))
	default:
		for _, t := range fits {
			s.Candidates = append(s.Candidates, "struct "+t.Name)
		}
		o.notices = append(o.notices, fmt.Sprintf("%s: the object does not say what its records of %d bytes are: %s have that size",
			s.Map, size, strings.Join(s.Candidates, ", ")))
	}
}

// structsOf returns the named structs of a size that the kernel does not have. A definition of a map or a kernel
// struct that happens to have the size is no event.
func (o *Object) structsOf(size int) []*btf.Struct {
	var fits []*btf.Struct
	for t, err := range o.spec.Types.All() {
		if err != nil {
			break
		}
		if s, ok := t.(*btf.Struct); ok && s.Name != "" && int(s.Size) == size {
			fits = append(fits, s)
		}
	}
	if len(fits) == 0 {
		return nil
	}
	names := make([]string, len(fits))
	for i, s := range fits {
		names[i] = s.Name
	}
	kernel, err := lookUp(names...)
	if err != nil {
		return fits
	}
	return slices.DeleteFunc(fits, func(s *btf.Struct) bool {
		return slices.ContainsFunc(kernel[s.Name], func(m rawbtf.Match) bool { return m.Kind == rawbtf.Struct && !m.Flavoured })
	})
}
