package bpf

import (
	"slices"

	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

// emitter says how a helper that sends records takes its arguments.
type emitter struct {
	kind     string // of stream
	mapArg   int    // register that holds the map
	sizeArg  int    // register that holds the size of the record; 0: none
	reserves bool   // returns room for a record, NULL when there is none; the others return an error
}

// emitters are the helpers that send records, or reserve room for them.
var emitters = map[asm.BuiltinFunc]emitter{
	asm.FnRingbufReserve:       {kind: RingBuffer, mapArg: 1, sizeArg: 2, reserves: true},
	asm.FnRingbufReserveDynptr: {kind: RingBuffer, mapArg: 1, sizeArg: 2},
	asm.FnRingbufOutput:        {kind: RingBuffer, mapArg: 1, sizeArg: 3},
	asm.FnPerfEventOutput:      {kind: PerfBuffer, mapArg: 2, sizeArg: 5},
	asm.FnSkbOutput:            {kind: PerfBuffer, mapArg: 2, sizeArg: 5},
	asm.FnXdpOutput:            {kind: PerfBuffer, mapArg: 2, sizeArg: 5},
}

func isEmitter(f asm.BuiltinFunc) bool {
	_, ok := emitters[f]
	return ok
}

// emission is a call of an emitter.
type emission struct {
	index  int // of the instruction in its program
	helper emitter
	stream *StreamInfo // nil when it cannot be told
	size   int         // of the record; 0 when it is no constant
}

// emissionsOf returns the emissions of a program and its subprograms.
func (o *Object) emissionsOf(insns asm.Instructions) []emission {
	var all []emission
	for _, call := range flow.Calls(insns, isEmitter) {
		e := emission{index: call.Index, helper: emitters[call.Helper]}
		switch m := call.Args[e.helper.mapArg]; m.Kind {
		case flow.Map:
			if s := o.stream(m.Map); s != nil && s.Kind == e.helper.kind {
				e.stream = s
			}
		default:
			e.stream = o.only(e.helper.kind)
		}
		if size := call.Args[e.helper.sizeArg]; size.Kind == flow.Const && size.Const > 0 && size.Const < maxObject {
			e.size = int(size.Const)
		}
		all = append(all, e)
	}
	return all
}

// emissions returns the emissions of every program.
func (o *Object) emissions() []emission {
	var all []emission
	for _, p := range o.programs {
		all = append(all, o.emissionsOf(o.spec.Programs[p.Name].Instructions)...)
	}
	return all
}

// sizesOf returns the sizes of the records that are sent to s, as far as they are constant.
func sizesOf(s *StreamInfo, emissions []emission) []int {
	var sizes []int
	for _, e := range emissions {
		if e.stream == s && e.size > 0 && !slices.Contains(sizes, e.size) {
			sizes = append(sizes, e.size)
		}
	}
	return sizes
}
