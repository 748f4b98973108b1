package dwarftype

import (
	"debug/elf"
	"slices"
)

// emitter says which registers of a helper hold what. 0: none.
type emitter struct {
	mapArg, dataArg, sizeArg int
	reserves                 bool // the record is what it returns
}

// emitters are the helpers that send records, or reserve room for them, by number (include/uapi/linux/bpf.h).
var emitters = map[int32]emitter{
	25:  {mapArg: 2, dataArg: 4, sizeArg: 5},     // perf_event_output
	111: {mapArg: 2, dataArg: 4, sizeArg: 5},     // skb_output
	121: {mapArg: 2, dataArg: 4, sizeArg: 5},     // xdp_output
	130: {mapArg: 1, dataArg: 2, sizeArg: 3},     // ringbuf_output
	131: {mapArg: 1, sizeArg: 2, reserves: true}, // ringbuf_reserve
	198: {mapArg: 1, sizeArg: 2, dataArg: 4},     // ringbuf_reserve_dynptr
}

// Helpers that take what was reserved.
const (
	submit        = 132 // ringbuf_submit
	reserveDynptr = 198
	dynptrWrite   = 202 // dst, offset, src, ...
	dynptrData    = 203 // ptr, offset, ...
)

// emission is a place from which records are sent, in one context of callers.
type emission struct {
	maps, data, size value
	names            []string // of the maps that hold its map
	types            []record // what is known of it so far
}

// found is the type of records that go through a map.
type found struct {
	maps string // the name; "" where it is not known
	record
}

// inference finds the types of an object's records.
type inference struct {
	*program
	*debug
	known known
	all   []found
	looks int // looks at a function until now
}

// maxCalls bounds how far calls are followed, up and down, and maxLooks how often functions are looked at in doing so: where many call many,
// there are more ways than anybody could go.
const (
	maxCalls = 5
	maxLooks = 1 << 20
)

// infer returns what records are sent by the calls of which the type is not known.
func (p *program) infer(d *debug, k known) []found {
	in := &inference{program: p, debug: d, known: k}
	for _, f := range p.functions {
		in.describe(f)
		f.trace = follow(f)
		f.trace.measure(f.locals)
	}
	for _, f := range p.functions {
		f.holders = in.hold(f)
	}
	for _, f := range p.functions {
		for i, ins := range f.code {
			e, ok := emitters[ins.imm]
			if s := f.trace.before[i]; ins.op == opCall && ins.src == 0 && ok && s != nil && in.wanted(f, i, e) {
				in.emit(f, i, e, s)
			}
		}
	}
	if in.looks > maxLooks {
		return nil // of some records only a part of the ways was followed
	}
	return in.all
}

func (f *function) address(i int) uint64 {
	return sectionBase(f.section) + uint64(f.start+i)*insnSize
}

// wanted reports whether the type of what the call of an emitter at instruction i sends is to be found. What is reserved is known where it is submitted.
func (in *inference) wanted(f *function, i int, e emitter) bool {
	if in.known == nil {
		return true
	}
	if name := in.functionOf(f, i); !e.reserves {
		return in.known.missing(name) || f.code[i].imm == reserveDynptr && !in.known.writes(name)
	}
	submitted := false
	for j, ins := range f.code {
		s := f.trace.before[j]
		if ins.op != opCall || ins.src != 0 || ins.imm != submit || s == nil || !slices.Contains(s.regs[1], origin{result, i, 0}) {
			continue
		}
		if submitted = true; in.known.missing(in.functionOf(f, j)) {
			return true
		}
	}
	return !submitted
}

// describe finds what DWARF says of f.
func (in *inference) describe(f *function) {
	for _, u := range in.units {
		for _, s := range u.functions {
			if within(s.ranges, f.address(0)) {
				f.scope = s
				f.locals = s.flatten(slices.Clone(u.globals))
				return
			}
		}
	}
}

// functionOf returns the name of the function that instruction i was written in.
func (in *inference) functionOf(f *function, i int) string {
	if f.scope == nil {
		return f.name
	}
	return f.scope.innermost(f.address(i))
}

// holder is a variable that holds a pointer to a record, or the record itself.
type holder struct {
	record
	ranges [][2]uint64 // where it is in use; nil: everywhere
}

// addTo adds h to others at the same origin.
func (h holder) addTo(all []holder) []holder {
	i := slices.IndexFunc(all, func(have holder) bool { return have.at == h.at })
	if i < 0 {
		return append(all, h)
	}
	if all[i].ranges == nil || h.ranges == nil {
		all[i].ranges = nil
	} else {
		all[i].ranges = slices.Concat(all[i].ranges, h.ranges)
	}
	return all
}

// hold returns which variables point to what.
func (in *inference) hold(f *function) map[origin][]holder {
	all := make(map[origin][]holder)
	for _, l := range f.locals {
		r, isPointer, ok := in.recordOf(l.typ)
		if !ok {
			continue
		}
		h := holder{record: r}
		if !isPointer {
			h.ranges = l.ranges
		}
		for i := range f.code {
			at := f.address(i)
			s := f.trace.before[i]
			if at < l.low || at >= l.high || s == nil || l.ranges != nil && !within(l.ranges, at) {
				continue
			}
			w, ok := in.eval(l, f.trace, s)
			if !ok {
				break
			}
			v := w.value
			inMemory := isPointer && w.memory
			if inMemory {
				if off, ok := v.address(); ok {
					v = s.slots[off]
				} else {
					v = nil
				}
			}
			for _, o := range v {
				all[o] = h.addTo(all[o])
			}
			if !inMemory {
				break // it stays the same
			}
		}
	}
	return all
}

// held returns the types of variables that are or point to what is at an origin. Which of those that share a place on the stack that is, tells their
// scope; code that the compiler merged from several scopes is in none.
func (f *function) held(o origin, i int) []record {
	var here, all []record
	for _, h := range f.holders[o] {
		all = append(all, h.record)
		if h.ranges == nil || within(h.ranges, f.address(i)) {
			here = append(here, h.record)
		}
	}
	if len(here) > 0 {
		return here
	}
	return all
}

// typesOf returns the types of variables that point to where v does, at instruction i of f.
func (in *inference) typesOf(f *function, v value, i, depth int) []record {
	if in.looks++; in.looks > maxLooks {
		return nil
	}
	var all []record
	for _, o := range v {
		all = append(all, f.held(o, i)...)
		if o.source == constant || depth >= maxCalls {
			continue
		}
		for _, c := range f.calls {
			s := f.trace.before[c.at]
			for r := 1; s != nil && r <= 5; r++ {
				if slices.Contains(s.regs[r], o) {
					all = append(all, in.typesOf(c.callee, one(argument, r, 0), 0, depth+1)...)
				}
			}
		}
	}
	return all
}

// emit notes the types of what the call of an emitter sends.
func (in *inference) emit(f *function, i int, e emitter, s *state) {
	em := emission{maps: s.regs[e.mapArg], size: s.regs[e.sizeArg]}
	switch {
	case e.reserves:
		em.data = one(result, i, 0)
	case f.code[i].imm == reserveDynptr:
		em.types = in.dynptrTypes(f, s.regs[e.dataArg])
		em.data = value{}
	default:
		em.data = s.regs[e.dataArg]
	}
	in.ascend(f, i, em, 0)
}

// dynptrTypes returns the types of what is written to the beginning of a dynptr.
func (in *inference) dynptrTypes(f *function, dynptr value) []record {
	var all []record
	for i, ins := range f.code {
		s := f.trace.before[i]
		if ins.op != opCall || ins.src != 0 || s == nil {
			continue
		}
		same := func(r int) bool {
			n, ok := s.regs[2].number()
			return dynptr != nil && ok && n == 0 && slices.Equal(s.regs[r], dynptr)
		}
		switch {
		case ins.imm == dynptrWrite && same(1):
			all = append(all, in.typesOf(f, s.regs[3], i, 0)...)
		case ins.imm == dynptrData && same(1):
			all = append(all, in.typesOf(f, one(result, i, 0), i, 0)...)
		}
	}
	return all
}

// ascend adds what f knows of a record, and goes on to its callers where the record, its size or its map come from there or go there.
func (in *inference) ascend(f *function, i int, e emission, depth int) {
	if in.looks++; in.looks > maxLooks {
		return
	}
	e.types = append(slices.Clip(e.types), in.typesOf(f, e.data, i, depth)...)
	e.names = append(slices.Clip(e.names), in.holding(f, e.maps)...)
	upwards := slices.ContainsFunc(slices.Concat(e.maps, e.data, e.size), func(o origin) bool {
		return o.source == argument || slices.Contains(f.trace.result, o) && o.source == result
	})
	if !upwards || len(f.callers) == 0 || depth >= maxCalls {
		in.settle(e)
		return
	}
	for _, c := range f.callers {
		s := c.trace.before[c.at]
		if s == nil {
			continue
		}
		in.ascend(c.function, c.at, emission{
			maps: e.maps.seenBy(f, c.at, s), data: e.data.seenBy(f, c.at, s), size: e.size.seenBy(f, c.at, s),
			types: e.types, names: e.names,
		}, depth+1)
	}
}

// seenBy returns what a value of f is for its caller, whose state before the call at instruction i is s. What the caller knows
// nothing of is left out.
func (v value) seenBy(f *function, i int, s *state) value {
	w := value{}
	for _, o := range v {
		switch {
		case o.source == argument && o.index < len(s.regs):
			w = append(w, s.regs[o.index].plus(o.offset)...)
		case o.source == result && slices.Contains(f.trace.result, o):
			w = append(w, origin{result, i, 0})
		case o.source == constant, o.source == mapPointer, o.source == data:
			w = append(w, o)
		}
	}
	slices.SortFunc(w, compareOrigins)
	return slices.Compact(w)
}

// settle notes the type of an emission of which all is known that can be.
func (in *inference) settle(e emission) {
	size, _ := e.size.number()
	r, ok := choose(e.types, size)
	if !ok {
		return
	}
	names := e.names
	for _, o := range e.maps {
		if name := in.mapName(o); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		if !slices.ContainsFunc(in.all, func(f found) bool { return f.maps == name && f.at == r.at }) {
			in.all = append(in.all, found{name, r})
		}
	}
}

// holding returns the names of the maps from which maps were looked up.
func (in *inference) holding(f *function, maps value) []string {
	const lookup = 1 // map_lookup_elem
	var names []string
	for _, o := range maps {
		if o.source != result || o.index >= len(f.code) || f.code[o.index].op != opCall || f.code[o.index].src != 0 || f.code[o.index].imm != lookup {
			continue
		}
		if s := f.trace.before[o.index]; s != nil {
			for _, outer := range s.regs[1] {
				if name := in.mapName(outer); name != "" {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func (in *inference) mapName(o origin) string {
	if o.source != mapPointer {
		return ""
	}
	for _, s := range in.symbols {
		if int(s.Section) == o.index && int64(s.Value) == o.offset && elf.ST_TYPE(s.Info) != elf.STT_SECTION && s.Name != "" {
			return s.Name
		}
	}
	return ""
}
