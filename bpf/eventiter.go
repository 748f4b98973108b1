package bpf

import (
	"slices"

	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

// seqSite is the kind of the sites that write what an iterator is read as.
const seqSite = "seq"

// listIterators adds a stream for each iterator of which the source says that it writes records: one without is one of text.
func (o *Object) listIterators(section []byte) {
	sites, _ := o.readSites(section)
	sites = slices.DeleteFunc(sites, func(s site) bool { return s.kind != seqSite })
	if len(sites) == 0 {
		return
	}
	for _, p := range o.programs {
		if p.Kind != iterKind.name {
			continue
		}
		size := recordSize(o.spec.Programs[p.Name].Instructions)
		if size == 0 {
			continue
		}
		if t := o.writtenType(p.Name, size, sites); t != nil {
			s := &StreamInfo{Map: p.Name, Kind: Iterator}
			s.add(t, MethodSource)
			o.streams = append(o.streams, s)
		}
	}
}

// recordSize returns how many bytes each call of an iterator's program writes; 0 where that differs or is no constant, or where the
// program prints text as well: it could not be cut into records.
func recordSize(insns asm.Instructions) int {
	const sizeArg = 3
	size := 0
	for _, call := range flow.Calls(insns, writesSeq) {
		n := call.Args[sizeArg]
		if call.Helper != asm.FnSeqWrite || n.Kind != flow.Const || n.Const <= 0 || n.Const >= maxObject ||
			size != 0 && int(n.Const) != size {
			return 0
		}
		size = int(n.Const)
	}
	return size
}

func writesSeq(f asm.BuiltinFunc) bool {
	return f == asm.FnSeqWrite || f == asm.FnSeqPrintf || f == asm.FnSeqPrintfBtf
}

// writtenType returns the type of what the program writes size bytes of at a time: one record, or several in a row. It is
// written in the program itself or in a function that is no program, which the code does not tell once it is inlined; nil when
// these write several types of the size, or the program what may be text.
func (o *Object) writtenType(program string, size int, sites []site) *decode.Type {
	var whole, part []*decode.Type
	for _, s := range sites {
		own := s.function == program
		if !own && o.spec.Programs[s.function] != nil {
			continue
		}
		var layout *decode.Type
		if t := eventType(s.typ); t != nil {
			layout, _ = decode.New(t) // what cannot be decoded is none
		}
		switch {
		case layout == nil || layout.Size == 0 || isBytes(layout):
			if own {
				return nil
			}
		case layout.Size == size:
			whole = addType(whole, layout)
		case size%layout.Size == 0:
			part = addType(part, layout)
		case own:
			return nil
		}
	}
	if len(whole) == 0 {
		whole = part
	}
	if len(whole) != 1 {
		return nil
	}
	return whole[0]
}

// addType adds t unless one that describes the same records is there.
func addType(types []*decode.Type, t *decode.Type) []*decode.Type {
	if slices.ContainsFunc(types, func(have *decode.Type) bool { return sameRecord(have, t) }) {
		return types
	}
	return append(types, t)
}
