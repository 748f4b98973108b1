package flow

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

func reserve() asm.Instruction { return asm.FnRingbufReserve.Call() }

func isReserve(f asm.BuiltinFunc) bool { return f == asm.FnRingbufReserve }

func mapPtr(r asm.Register, name string) asm.Instruction {
	return asm.LoadMapPtr(r, 0).WithReference(name)
}

// jump makes a jump that skips so many raw instructions.
func jump(ins asm.Instruction, skip int16) asm.Instruction {
	ins = ins.WithReference("")
	ins.Metadata = asm.Metadata{}
	ins.Offset = skip
	return ins
}

func TestCalls(t *testing.T) {
	m := func(name string) Value { return Value{Kind: Map, Map: name} }
	c := func(n int64) Value { return Value{Kind: Const, Const: n} }
	for _, tc := range []struct {
		name  string
		insns asm.Instructions
		want  [][2]Value // R1 and R2 of each call
	}{
		{"straight", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, [][2]Value{{m("a"), c(8)}}},
		{"through a saved register", asm.Instructions{
			mapPtr(asm.R6, "a"), asm.Mov.Imm(asm.R2, 8), reserve(),
			asm.Mov.Reg(asm.R1, asm.R6), asm.LoadImm(asm.R2, 1<<33, asm.DWord), reserve(), asm.Return(),
		}, [][2]Value{{unknown, c(8)}, {m("a"), c(1 << 33)}}},
		{"compared and exchanged", asm.Instructions{
			asm.Mov.Imm(asm.R0, 8), asm.CmpXchg.Mem(asm.R6, asm.R7, asm.DWord, 0), asm.Mov.Reg(asm.R2, asm.R0), // what was there before
			mapPtr(asm.R1, "a"), reserve(), asm.Return(),
		}, [][2]Value{{m("a"), unknown}}},
		{"beyond any frame", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.StoreMem(asm.RFP, -520, asm.R1, asm.DWord), asm.StoreMem(asm.RFP, 8, asm.R1, asm.DWord),
			asm.LoadMem(asm.R1, asm.RFP, -520, asm.DWord), asm.LoadMem(asm.R2, asm.RFP, 8, asm.DWord), reserve(), asm.Return(),
		}, [][2]Value{{unknown, unknown}}},
		{"clobbered by a call", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.FnKtimeGetNs.Call(), asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, [][2]Value{{unknown, c(8)}}},
		{"spilled", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.StoreMem(asm.RFP, -8, asm.R1, asm.DWord), asm.FnKtimeGetNs.Call(),
			asm.LoadMem(asm.R1, asm.RFP, -8, asm.DWord), asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, [][2]Value{{m("a"), c(8)}}},
		{"spilled and overwritten in part", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.StoreMem(asm.RFP, -8, asm.R1, asm.DWord),
			asm.StoreImm(asm.RFP, -4, 0, asm.Byte),
			asm.LoadMem(asm.R1, asm.RFP, -8, asm.DWord), asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, [][2]Value{{unknown, c(8)}}},
		{"either map", asm.Instructions{
			mapPtr(asm.R1, "a"), jump(asm.JEq.Imm(asm.R0, 0, ""), 2), mapPtr(asm.R1, "b"),
			asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, [][2]Value{{unknown, c(8)}}},
		{"either way the same map", asm.Instructions{
			mapPtr(asm.R1, "a"), jump(asm.JEq.Imm(asm.R0, 0, ""), 2), mapPtr(asm.R1, "a"),
			asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, [][2]Value{{m("a"), c(8)}}},
		{"changed in a loop", asm.Instructions{
			mapPtr(asm.R6, "a"), asm.Mov.Reg(asm.R1, asm.R6), asm.Mov.Imm(asm.R2, 8), reserve(),
			mapPtr(asm.R6, "b"), jump(asm.JEq.Imm(asm.R0, 0, ""), -6), asm.Return(),
		}, [][2]Value{{unknown, c(8)}}},
		{"passed to a function", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.Mov.Imm(asm.R2, 8), asm.Call.Label("f"), asm.Return(),
			reserve().WithSymbol("f"), asm.Return(),
		}, [][2]Value{{m("a"), c(8)}}},
		{"passed to a function by two", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.Mov.Imm(asm.R2, 8), asm.Call.Label("f"),
			mapPtr(asm.R1, "b"), asm.Mov.Imm(asm.R2, 8), asm.Call.Label("f"), asm.Return(),
			reserve().WithSymbol("f"), asm.Return(),
		}, [][2]Value{{unknown, c(8)}}},
		{"never reached", asm.Instructions{
			asm.Return(), mapPtr(asm.R1, "a"), asm.Mov.Imm(asm.R2, 8), reserve(), asm.Return(),
		}, nil},
		{"arithmetic", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.Mov.Imm(asm.R2, 8), asm.Add.Reg(asm.R2, asm.R0), reserve(), asm.Return(),
		}, [][2]Value{{m("a"), unknown}}},
		{"32 bits", asm.Instructions{
			mapPtr(asm.R1, "a"), asm.Mov.Imm32(asm.R2, -1), reserve(), asm.Return(),
		}, [][2]Value{{m("a"), c(1<<32 - 1)}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got [][2]Value
			for _, call := range Calls(tc.insns, isReserve) {
				got = append(got, [2]Value{call.Args[1], call.Args[2]})
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestCallsOfClang follows maps through the subprograms of real code.
func TestCallsOfClang(t *testing.T) {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(testprog.Calls))
	if err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{"start": "first", "tail": "third"} {
		calls := Calls(spec.Programs[program].Instructions, isReserve)
		if len(calls) != 1 || calls[0].Args[1] != (Value{Kind: Map, Map: want}) || calls[0].Args[2] != (Value{Kind: Const, Const: 32}) {
			t.Errorf("%s: %+v", program, calls)
		}
	}
}

// TestInsert puts instructions into random programs and checks that every jump still leads to the instruction that it led to.
func TestInsert(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		insns := randomProgram(rng, 1+rng.IntN(200))
		after := make(map[int]asm.Instructions)
		for i := range insns {
			if rng.IntN(5) == 0 {
				after[i] = asm.Instructions{asm.LoadImm(asm.R1, 1, asm.DWord), asm.Mov.Imm(asm.R2, 1)}[:1+rng.IntN(2)]
			}
		}
		before := slices.Clone(insns)
		got, err := Insert(insns, after)
		if err != nil {
			t.Fatal(err)
		}
		old, now := NewLayout(insns), NewLayout(got)
		at := 0 // of instruction i in got
		index := make([]int, len(insns))
		for i := range insns {
			index[i] = at
			at += 1 + len(after[i])
		}
		if at != len(got) {
			t.Fatalf("%d instructions, want %d", len(got), at)
		}
		for i := range insns {
			if insns[i].Offset != before[i].Offset || insns[i].Constant != before[i].Constant {
				t.Fatal("the original changed")
			}
			target, jumps := old.Target(insns, i)
			moved, stillJumps := now.Target(got, index[i])
			if jumps != stillJumps || jumps && moved != index[target] {
				t.Fatalf("jump %d to %d: goes to %d, want %d", i, target, moved, index[target])
			}
		}
	}
}

// randomProgram has jumps of all sorts to random places.
func randomProgram(rng *rand.Rand, n int) asm.Instructions {
	insns := make(asm.Instructions, n)
	for i := range insns {
		switch rng.IntN(6) {
		case 0:
			insns[i] = jump(asm.JEq.Imm(asm.R1, 1, ""), 0)
		case 1:
			insns[i] = jump(asm.Ja.Label(""), 0)
		case 2:
			insns[i] = jump(asm.LongJump(""), 0)
		case 3:
			insns[i] = asm.LoadImm(asm.R1, int64(i), asm.DWord)
		case 4:
			insns[i] = asm.FnKtimeGetNs.Call()
		default:
			insns[i] = asm.Mov.Imm(asm.R1, int32(i))
		}
	}
	l := NewLayout(insns)
	for i := range insns {
		d := l.start[rng.IntN(n)] - l.start[i+1]
		switch _, jumps := distance(&insns[i]); {
		case !jumps:
		case isLong(&insns[i]):
			insns[i].Constant = int64(d)
		default:
			insns[i].Offset = int16(d)
		}
	}
	return insns
}

func TestInsertTooFar(t *testing.T) {
	insns := asm.Instructions{jump(asm.Ja.Label(""), 1<<15-1)}
	after := make(map[int]asm.Instructions)
	for range 1 << 15 {
		insns = append(insns, asm.Mov.Imm(asm.R1, 0))
	}
	after[5] = asm.Instructions{asm.Mov.Imm(asm.R2, 0)}
	if _, err := Insert(insns, after); err == nil {
		t.Error("no error")
	}
}

func TestAdditions(t *testing.T) {
	lookup := asm.Instructions{mapPtr(asm.R1, "counts"), asm.Mov.Reg(asm.R2, asm.RFP), asm.FnMapLookupElem.Call(), jump(asm.JEq.Imm(asm.R0, 0, ""), 3)}
	section := asm.LoadMapValue(asm.R1, 0, 24).WithReference(".bss")
	for _, tc := range []struct {
		name  string
		insns asm.Instructions
		want  []Addition
	}{
		{"atomic", append(slices.Clone(lookup), asm.Mov.Imm(asm.R1, 1), asm.StoreXAdd(asm.R0, asm.R1, asm.DWord), asm.Mov.Imm(asm.R0, 0), asm.Return()), []Addition{{Map: "counts"}}},
		{"plain", append(slices.Clone(lookup), asm.LoadMem(asm.R1, asm.R0, 8, asm.Word), asm.Add.Imm32(asm.R1, 1), asm.StoreMem(asm.R0, 8, asm.R1, asm.Word), asm.Return()), []Addition{{Map: "counts"}}},
		{"added to another", append(slices.Clone(lookup), asm.LoadMem(asm.R2, asm.R0, 0, asm.DWord), asm.Add.Reg(asm.R6, asm.R2), asm.StoreMem(asm.R0, 0, asm.R6, asm.DWord), asm.Return()), []Addition{{Map: "counts"}}},
		{"noted", append(slices.Clone(lookup), asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord), asm.StoreMem(asm.R0, 0, asm.R6, asm.DWord), asm.StoreMem(asm.R0, 0, asm.R1, asm.DWord), asm.Return()), nil},
		{"of another map", append(slices.Clone(lookup), asm.LoadMem(asm.R6, asm.R0, 0, asm.DWord), asm.Add.Imm(asm.R6, 1), mapPtr(asm.R1, "last"), asm.FnMapLookupElem.Call(), asm.StoreMem(asm.R0, 0, asm.R6, asm.DWord), asm.Return()), nil},
		{"variable", asm.Instructions{section, asm.Mov.Imm(asm.R2, 1), asm.StoreXAdd(asm.R1, asm.R2, asm.DWord), asm.Return()}, []Addition{{".bss", 24}}},
		{"array of variables", asm.Instructions{section, asm.Add.Reg(asm.R1, asm.R6), asm.Mov.Imm(asm.R2, 1), asm.StoreXAdd(asm.R1, asm.R2, asm.DWord), asm.Return()}, []Addition{{".bss", 24}}},
		{"elsewhere", asm.Instructions{asm.Mov.Imm(asm.R2, 1), asm.StoreXAdd(asm.R1, asm.R2, asm.DWord), asm.StoreXAdd(asm.RFP, asm.R2, asm.DWord), asm.Return()}, nil},
		{"never reached", asm.Instructions{asm.Return(), section, asm.StoreXAdd(asm.R1, asm.R2, asm.DWord), asm.Return()}, nil},
	} {
		if got := Additions(tc.insns); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// TestBigEndian follows a port from where it is read to records and keys. The instruction with the constant 12 stands for one that CO-RE relocates.
func TestBigEndian(t *testing.T) {
	const relocated = 12
	isBig := func(ins *asm.Instruction) bool { return ins.Constant == relocated && ins.OpCode.Class().IsALU() }
	read := asm.Instructions{ // bpf_probe_read_kernel(R10-8, 2, R6 + relocated), and the port in R1
		asm.Mov.Imm(asm.R1, relocated), asm.Mov.Reg(asm.R3, asm.R6), asm.Add.Reg(asm.R3, asm.R1), asm.Mov.Reg(asm.R1, asm.RFP), asm.Add.Imm(asm.R1, -8),
		asm.Mov.Imm(asm.R2, 2), asm.FnProbeReadKernel.Call(), asm.LoadMem(asm.R1, asm.RFP, -8, asm.Half),
	}
	reserved := asm.Instructions{mapPtr(asm.R1, "ring"), asm.Mov.Imm(asm.R2, 32), asm.FnRingbufReserve.Call(), asm.Mov.Reg(asm.R7, asm.R0)}
	output := asm.Instructions{mapPtr(asm.R2, "perf"), asm.Mov.Reg(asm.R4, asm.RFP), asm.Add.Imm(asm.R4, -40), asm.Mov.Imm(asm.R5, 16), asm.FnPerfEventOutput.Call()}
	swap := asm.HostTo(asm.BE, asm.R1, asm.Half)
	at := func(name string, offset int) Sent { return Sent{name, offset} }
	for _, tc := range []struct {
		name  string
		insns []asm.Instructions
		want  map[Sent]bool
	}{
		{"stored", []asm.Instructions{reserved, read, {asm.StoreMem(asm.R7, 10, asm.R1, asm.Half), asm.Return()}}, map[Sent]bool{at("ring", 10): true}},
		{"swapped", []asm.Instructions{reserved, read, {swap, asm.StoreMem(asm.R7, 10, asm.R1, asm.Half), asm.Return()}}, map[Sent]bool{at("ring", 10): false}},
		{"widened", []asm.Instructions{reserved, read, {asm.LSh.Imm(asm.R1, 48), asm.RSh.Imm(asm.R1, 48), asm.StoreMem(asm.R7, 10, asm.R1, asm.Half), asm.Return()}},
			map[Sent]bool{at("ring", 10): true}},
		{"swapped by shifts", []asm.Instructions{reserved, read, {asm.LSh.Imm(asm.R1, 8), asm.StoreMem(asm.R7, 10, asm.R1, asm.Half), asm.Return()}}, map[Sent]bool{at("ring", 10): false}},
		{"not always", []asm.Instructions{reserved, read, {asm.StoreMem(asm.R7, 10, asm.R1, asm.Half), asm.StoreMem(asm.R7, 10, asm.R8, asm.Half), asm.Return()}}, map[Sent]bool{at("ring", 10): false}},
		{"zero first", []asm.Instructions{reserved, {asm.Mov.Imm(asm.R1, 0), asm.StoreMem(asm.R7, 10, asm.R1, asm.Half)}, read, {asm.StoreMem(asm.R7, 10, asm.R1, asm.Half), asm.Return()}},
			map[Sent]bool{at("ring", 10): true}},
		{"copied", []asm.Instructions{read, {asm.StoreMem(asm.RFP, -36, asm.R1, asm.Half), asm.StoreMem(asm.RFP, -34, asm.R6, asm.Half)}, output, {asm.Return()}}, map[Sent]bool{at("perf", 4): true}},
		{"copied once without", []asm.Instructions{output, read, {asm.StoreMem(asm.RFP, -36, asm.R1, asm.Half)}, output, {asm.Return()}}, map[Sent]bool{at("perf", 4): false}},
		{"overwritten in part", []asm.Instructions{read, {asm.StoreMem(asm.RFP, -36, asm.R1, asm.Half), asm.StoreMem(asm.RFP, -35, asm.R6, asm.Byte)}, output, {asm.Return()}}, map[Sent]bool{}},
		{"spilled", []asm.Instructions{read, {asm.StoreMem(asm.RFP, -24, asm.R1, asm.DWord), asm.LoadMem(asm.R9, asm.RFP, -24, asm.DWord)}, reserved, {asm.StoreMem(asm.R7, 2, asm.R9, asm.Half), asm.Return()}},
			map[Sent]bool{at("ring", 2): true}},
		{"a key", []asm.Instructions{read, {asm.StoreMem(asm.RFP, -36, asm.R1, asm.Half), mapPtr(asm.R1, "flows"), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -40), asm.FnMapLookupElem.Call(), asm.Return()}},
			map[Sent]bool{at("flows", 4): true, at("flows", 32): true}}, // the second is behind the key, where nobody asks
		{"of another stack", []asm.Instructions{read, {asm.StoreMem(asm.RFP, -36, asm.R1, asm.Half), asm.Mov.Reg(asm.R4, asm.RFP), asm.Add.Imm(asm.R4, -40), mapPtr(asm.R2, "perf"), asm.Call.Label("f"), asm.Return(),
			asm.Mov.Imm(asm.R5, 16).WithSymbol("f"), asm.FnPerfEventOutput.Call(), asm.Return()}}, map[Sent]bool{}},
	} {
		if got := BigEndian(slices.Concat(tc.insns...), isBig); !maps.Equal(got, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}
