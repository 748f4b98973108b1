package bpf

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// To take a program off its probe takes the kernel some 20 to 50 ms, and to put another one there costs some more. So that no event is missed, and none
// seen twice, both are attached for a while, and a gate at the beginning of each lets one of them through:
//
//	r6 = r1                          nobody has used r6 yet
//	call bpf_get_smp_processor_id
//	r1 = r6
//	if r0 >= CPUS goto closed
//	r0 <<= 2
//	r2 = &gates
//	r2 += r0
//	r2 = *(u32 *)(r2 + 0)
//	if r2 == GENERATION goto program
//	closed: r0 = 0
//	exit
//	program:
//
// The map has a number for each CPU, that of the instance whose programs run there. It is changed by a thread that runs on the very CPU, so that no program is
// in the middle of an event there: programs at probes run to their end. (Those that may be preempted, and a
// process that may not run on every CPU, have a chance of one event at the change that comes twice, or is missed.)

// gateMap is what the map is called in instructions.
const gateMap = ".ebpfx.gates"

const gateSize = 4

// generations counts the instances whose programs have gates. No two have the same number: one that failed to take over may still be attached when the next does.
var generations atomic.Uint32

// gateSpec returns the map, which lets generation through.
func gateSpec(generation uint32) (*ebpf.MapSpec, error) {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("count the CPUs: %w", err)
	}
	gates := make([]uint32, cpus)
	for cpu := range gates {
		gates[cpu] = generation
	}
	return &ebpf.MapSpec{
		Name:       "ebpfx_gates",
		Type:       ebpf.Array,
		KeySize:    4,
		ValueSize:  uint32(gateSize * len(gates)),
		MaxEntries: 1,
		Contents:   []ebpf.MapKV{{Key: uint32(0), Value: gates}},
	}, nil
}

// gateable reports whether the program of p does no harm when it returns 0 at once.
func (p *point) gateable() bool {
	if p.kind.load != nil {
		return false
	}
	switch p.programType {
	case ebpf.Kprobe, ebpf.TracePoint, ebpf.RawTracepoint, ebpf.PerfEvent:
		return true
	case ebpf.Tracing:
		return p.attachType != ebpf.AttachTraceIter
	case ebpf.LSM:
		return p.attachType == ebpf.AttachLSMMac
	}
	return false
}

// withGate returns spec with a gate that lets the generation of the instance through.
func (l *loader) withGate(spec *ebpf.ProgramSpec) *ebpf.ProgramSpec {
	cpus := int32(l.maps[gateMap].ValueSize / gateSize)
	gate := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.FnGetSmpProcessorId.Call(),
		asm.Mov.Reg(asm.R1, asm.R6),
		{OpCode: asm.JGE.Op(asm.ImmSource), Dst: asm.R0, Constant: int64(cpus), Offset: 6},
		asm.LSh.Imm(asm.R0, 2),
		asm.LoadMapValue(asm.R2, 0, 0).WithReference(gateMap), // two raw instructions
		asm.Add.Reg(asm.R2, asm.R0),
		asm.LoadMem(asm.R2, asm.R2, 0, asm.Word),
		{OpCode: asm.JEq.Op(asm.ImmSource), Dst: asm.R2, Constant: int64(l.inst.generation), Offset: 2},
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}
	gated := spec.Copy()
	first := &gated.Instructions[0]
	// The function begins with the gate now.
	gate[0] = btf.WithFuncMetadata(gate[0].WithSymbol(first.Symbol()), btf.FuncMetadata(first)).WithSource(first.Source())
	*first = btf.WithFuncMetadata(first.WithSymbol(""), nil)
	gated.Instructions = append(gate, gated.Instructions...)
	return gated
}

// changeGates lets the programs of generation to run in place of those of from, on one CPU after the other.
func (i *Instance) changeGates(from, to uint32) error {
	gates := make([]uint32, i.definitions[gateMap].ValueSize/gateSize)
	for cpu := range gates {
		gates[cpu] = from
	}
	m := i.maps[gateMap]
	changed := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and its affinity with it
		for _, cpu := range probe.OnlineCPUs() {
			if cpu >= len(gates) {
				continue
			}
			var only unix.CPUSet
			only.Set(cpu)
			_ = unix.SchedSetaffinity(0, &only) // see above for a process that may not
			gates[cpu] = to
			if err := m.Put(uint32(0), gates); err != nil {
				changed <- err
				return
			}
		}
		for cpu := range gates { // those that come online later
			gates[cpu] = to
		}
		changed <- m.Put(uint32(0), gates)
	}()
	if err := <-changed; err != nil {
		return fmt.Errorf("change programs: %w", err)
	}
	return nil
}
