package bpf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// Needs is what an object needs of a kernel.
type Needs struct {
	// Kernel is the first version that has all of Features, as far as their versions are known. Distributions
	// carry features back, and leave some out: whether a kernel takes a program it alone can say.
	Kernel   string    `json:"kernel"`
	Features []Feature `json:"features"` // the newest first
}

// Feature is something that not every kernel has.
type Feature struct {
	Name  string `json:"name"`  // "map type ringbuf", "helper bpf_loop", "program type lsm"
	Since string `json:"since"` // a version; "" where it depends on how the kernel was configured or is not known
}

// version is one of a kernel: 5, 8.
type version [2]int

func (v version) String() string {
	if v == (version{}) {
		return ""
	}
	return fmt.Sprintf("%d.%d", v[0], v[1])
}

func (v version) compare(w version) int { return slices.Compare(v[:], w[:]) }

// helperVersions tells which kernel brought a helper: its number is at most last, and above that of the row before. Helpers are numbered as they
// come (include/uapi/linux/bpf.h).
var helperVersions = []struct {
	last  int64
	since version
}{
	{3, version{3, 19}}, {11, version{4, 1}}, {16, version{4, 2}}, {22, version{4, 3}}, {25, version{4, 4}}, {26, version{4, 5}},
	{30, version{4, 6}}, {36, version{4, 8}}, {41, version{4, 9}}, {44, version{4, 10}}, {45, version{4, 11}}, {47, version{4, 12}},
	{50, version{4, 13}}, {53, version{4, 14}}, {57, version{4, 15}}, {59, version{4, 16}}, {64, version{4, 17}}, {80, version{4, 18}},
	{83, version{4, 19}}, {90, version{4, 20}}, {92, version{5, 0}}, {98, version{5, 1}}, {108, version{5, 2}}, {110, version{5, 3}},
	{115, version{5, 5}}, {118, version{5, 6}}, {124, version{5, 7}}, {135, version{5, 8}}, {141, version{5, 9}}, {155, version{5, 10}},
	{162, version{5, 11}}, {163, version{5, 12}}, {165, version{5, 13}}, {168, version{5, 14}}, {175, version{5, 15}}, {179, version{5, 16}},
	{185, version{5, 17}}, {193, version{5, 18}}, {203, version{5, 19}}, {207, version{6, 0}}, {209, version{6, 1}}, {211, version{6, 2}},
}

var mapVersions = map[ebpf.MapType]version{
	ebpf.Hash: {3, 19}, ebpf.Array: {3, 19}, ebpf.ProgramArray: {4, 2}, ebpf.PerfEventArray: {4, 3}, ebpf.PerCPUHash: {4, 6}, ebpf.PerCPUArray: {4, 6},
	ebpf.StackTrace: {4, 6}, ebpf.CGroupArray: {4, 8}, ebpf.LRUHash: {4, 10}, ebpf.LRUCPUHash: {4, 10}, ebpf.LPMTrie: {4, 11},
	ebpf.ArrayOfMaps: {4, 12}, ebpf.HashOfMaps: {4, 12}, ebpf.DevMap: {4, 14}, ebpf.SockMap: {4, 14}, ebpf.CPUMap: {4, 15}, ebpf.XSKMap: {4, 18},
	ebpf.SockHash: {4, 18}, ebpf.CGroupStorage: {4, 19}, ebpf.ReusePortSockArray: {4, 19}, ebpf.PerCPUCGroupStorage: {4, 20},
	ebpf.Queue: {4, 20}, ebpf.Stack: {4, 20}, ebpf.SkStorage: {5, 2}, ebpf.DevMapHash: {5, 4}, ebpf.StructOpsMap: {5, 6}, ebpf.RingBuf: {5, 8},
	ebpf.InodeStorage: {5, 10}, ebpf.TaskStorage: {5, 11}, ebpf.BloomFilter: {5, 16}, ebpf.UserRingbuf: {6, 1}, ebpf.CgroupStorage: {6, 2},
	ebpf.Arena: {6, 9},
}

var programVersions = map[ebpf.ProgramType]version{
	ebpf.SocketFilter: {3, 19}, ebpf.Kprobe: {4, 1}, ebpf.SchedCLS: {4, 1}, ebpf.SchedACT: {4, 1}, ebpf.TracePoint: {4, 7}, ebpf.XDP: {4, 8},
	ebpf.PerfEvent: {4, 9}, ebpf.CGroupSKB: {4, 10}, ebpf.CGroupSock: {4, 10}, ebpf.LWTIn: {4, 10}, ebpf.LWTOut: {4, 10}, ebpf.LWTXmit: {4, 10},
	ebpf.SockOps: {4, 13}, ebpf.SkSKB: {4, 14}, ebpf.CGroupDevice: {4, 15}, ebpf.SkMsg: {4, 17}, ebpf.RawTracepoint: {4, 17},
	ebpf.CGroupSockAddr: {4, 17}, ebpf.LWTSeg6Local: {4, 18}, ebpf.LircMode2: {4, 18}, ebpf.SkReuseport: {4, 19}, ebpf.FlowDissector: {4, 20},
	ebpf.CGroupSysctl: {5, 2}, ebpf.RawTracepointWritable: {5, 2}, ebpf.CGroupSockopt: {5, 3}, ebpf.Tracing: {5, 5}, ebpf.StructOps: {5, 6},
	ebpf.Extension: {5, 6}, ebpf.LSM: {5, 7}, ebpf.SkLookup: {5, 9}, ebpf.Syscall: {5, 14}, ebpf.Netfilter: {6, 4},
}

// attachVersions are those of ways to attach that came after their type of program.
var attachVersions = map[ebpf.AttachType]version{
	ebpf.AttachModifyReturn: {5, 7}, ebpf.AttachTraceIter: {5, 8}, ebpf.AttachTraceKprobeMulti: {5, 18}, ebpf.AttachLSMCgroup: {6, 0},
	ebpf.AttachTCXIngress: {6, 6}, ebpf.AttachTCXEgress: {6, 6}, ebpf.AttachTraceUprobeMulti: {6, 6}, ebpf.AttachNetkitPrimary: {6, 7},
	ebpf.AttachNetkitPeer: {6, 7}, ebpf.AttachTraceKprobeSession: {6, 10},
}

// needs collects what the object needs.
func (o *Object) needs() Needs {
	have := make(map[string]version)
	for _, p := range o.spec.Programs {
		if p.Type != ebpf.UnspecifiedProgram {
			have["program type "+snakeCase(p.Type.String())] = programVersions[p.Type]
		}
		if since, ok := attachVersions[p.AttachType]; ok {
			have["attach type "+snakeCase(strings.TrimPrefix(p.AttachType.String(), "Attach"))] = since
		}
		if p.Flags&unix.BPF_F_SLEEPABLE != 0 {
			have["sleepable programs"] = version{5, 10}
		}
		o.codeNeeds(p.Instructions, have)
	}
	for _, m := range o.spec.Maps {
		if isSection(m) {
			have["global variables"] = version{5, 2}
			continue
		}
		have["map type "+mapTypeName(m.Type)] = mapVersions[m.Type]
	}
	n := Needs{Features: []Feature{}}
	var newest version
	for name, since := range have {
		n.Features = append(n.Features, Feature{Name: name, Since: since.String()})
		if since.compare(newest) > 0 {
			newest = since
		}
	}
	slices.SortFunc(n.Features, func(a, b Feature) int {
		if c := have[b.Name].compare(have[a.Name]); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	n.Kernel = newest.String()
	return n
}

// codeNeeds adds what instructions need to have.
func (o *Object) codeNeeds(insns asm.Instructions, have map[string]version) {
	if len(o.relocations(insns)) > 0 {
		have["the kernel's BTF, for CO-RE"] = version{}
	}
	for i := range insns {
		ins := &insns[i]
		switch {
		case ins.IsBuiltinCall():
			f := asm.BuiltinFunc(ins.Constant)
			have["helper "+helperName(f)] = helperVersion(f)
		case ins.IsKfuncCall():
			have["kernel function "+ins.Reference()] = version{}
		case ins.IsFunctionCall():
			have["calls of functions"] = version{4, 16}
		case ins.OpCode.Class() == asm.StXClass && ins.OpCode.Mode() == asm.AtomicMode && ins.OpCode.AtomicOp() != asm.AddAtomic:
			have["atomic instructions beside add"] = version{5, 12}
		}
	}
}

// helperVersion returns which kernel brought a helper, or nothing for those that are newer than the table.
func helperVersion(f asm.BuiltinFunc) version {
	for _, row := range helperVersions {
		if int64(f) <= row.last {
			return row.since
		}
	}
	return version{}
}
