package bpf

import (
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

// The kernel does not count what a ring buffer had no room for, and unmodified programs do not either. So behind each call of a
// helper that sends a record, instructions are put that look at its result, and on failure add one to a
// counter of ours:
//
//	call bpf_ringbuf_reserve
//	if r0 != 0 goto next        (r0 == 0 behind the helpers that return an error)
//	r1 = &counters[slot]        a helper leaves r1 to r5 unreadable, so no program misses them
//	r2 = 1
//	lock *(u64 *)(r1 + 0) += r2
//	next:
//
// They are put in line rather than into a subprogram: a frame more would break programs near the limits of the
// stack, and programs with tail calls on older kernels.

// counterMap holds a u64 for each stream, in the order of Object.Streams, and one behind them for records of which it cannot be told where
// they were to go. No map of C can have such a name.
const counterMap = ".ebpfx.lost"

const counterSize = 8

// counterSpec returns the map for that many streams. It has one value, since direct
// access to values of larger arrays needs kernel 5.2 twice over: see map_direct_value_addr.
func counterSpec(streams int) *ebpf.MapSpec {
	return &ebpf.MapSpec{
		Name:       "ebpfx_lost",
		Type:       ebpf.Array,
		KeySize:    4,
		ValueSize:  uint32(counterSize * (streams + 1)),
		MaxEntries: 1,
	}
}

// successCheck makes the jump over that many raw instructions that is taken when a helper succeeded. reserves
// tells which sort of helper it was.
type successCheck func(reserves bool, over int16) asm.Instructions

// successChecks are tried in this order.
var successChecks = []successCheck{compareResult, compareNegated}

func compareResult(reserves bool, over int16) asm.Instructions {
	success := asm.JEq
	if reserves {
		success = asm.JNE
	}
	return asm.Instructions{{OpCode: success.Op(asm.ImmSource), Dst: asm.R0, Offset: over}}
}

// compareNegated is for older kernels, 6.1 among them. When they know that r0 points to a record, they still follow the program's own
// check of it into both branches, and complain of a record that is never submitted (reg_type_not_null in
// kernel/bpf/verifier.c). To them the negative of a pointer is a number that tells nothing of r0. Newer kernels would take it too,
// but follow more paths for it, and only so many are allowed.
func compareNegated(reserves bool, over int16) asm.Instructions {
	if !reserves {
		return compareResult(reserves, over)
	}
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R0),
		asm.Neg.Imm(asm.R1, 0),
		{OpCode: asm.JNE.Op(asm.ImmSource), Dst: asm.R1, Offset: over},
	}
}

// countLosses returns spec with counting put in behind emissions. slot tells the counter of a stream, which may be nil.
func countLosses(spec *ebpf.ProgramSpec, emissions []emission, check successCheck, slot func(*StreamInfo) int) (*ebpf.ProgramSpec, error) {
	after := make(map[int]asm.Instructions, len(emissions))
	for _, e := range emissions {
		add := addOne(slot(e.stream))
		after[e.index] = append(check(e.helper.reserves, int16(add.Size()/asm.InstructionSize)), add...)
	}
	insns, err := flow.Insert(spec.Instructions, after)
	if err != nil {
		return nil, fmt.Errorf("count losses of %s: %w", spec.Name, err)
	}
	counting := spec.Copy()
	counting.Instructions = insns
	return counting, nil
}

func addOne(slot int) asm.Instructions {
	return asm.Instructions{
		asm.LoadMapValue(asm.R1, 0, uint32(slot*counterSize)).WithReference(counterMap),
		asm.Mov.Imm(asm.R2, 1),
		asm.StoreXAdd(asm.R1, asm.R2, asm.DWord),
	}
}

// lossCounters reads the counters of an instance.
type lossCounters struct {
	counters *ebpf.Map
	streams  int
}

// read returns the counts of the streams, and behind them that of records of no known stream.
func (l *lossCounters) read() ([]uint64, error) {
	b := make([]byte, counterSize*(l.streams+1))
	if err := l.counters.Lookup(uint32(0), b); err != nil {
		return nil, fmt.Errorf("read counts of lost records: %w", err)
	}
	counts := make([]uint64, l.streams+1)
	for i := range counts {
		counts[i] = binary.NativeEndian.Uint64(b[i*counterSize:])
	}
	return counts, nil
}
