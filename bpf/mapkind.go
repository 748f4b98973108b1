package bpf

import "github.com/cilium/ebpf"

// mapKind is what can be done with the maps of a type.
type mapKind struct {
	name     string // as C writes it, without BPF_MAP_TYPE_, in lower case
	perCPU   bool
	array    bool // keys are indices; entries of most cannot be deleted
	data     bool // holds data by key: programs keep there what they found out
	keyless  bool // a queue, a stack or a Bloom filter
	maps     bool // values are maps
	programs bool // values are programs
	stacks   bool // values are stack traces
	pids     bool // keys are processes
}

// mapKinds are the types whose entries user space can read or write. Of those that hold sockets it could only pass descriptors,
// and buffers of events are read as streams.
var mapKinds = map[ebpf.MapType]mapKind{
	ebpf.Hash:                {name: "hash", data: true},
	ebpf.LRUHash:             {name: "lru_hash", data: true},
	ebpf.LPMTrie:             {name: "lpm_trie", data: true},
	ebpf.Array:               {name: "array", data: true, array: true},
	ebpf.PerCPUHash:          {name: "percpu_hash", data: true, perCPU: true},
	ebpf.LRUCPUHash:          {name: "lru_percpu_hash", data: true, perCPU: true},
	ebpf.PerCPUArray:         {name: "percpu_array", data: true, perCPU: true, array: true},
	ebpf.Queue:               {name: "queue", keyless: true},
	ebpf.Stack:               {name: "stack", keyless: true},
	ebpf.BloomFilter:         {name: "bloom_filter", keyless: true},
	ebpf.HashOfMaps:          {name: "hash_of_maps", maps: true},
	ebpf.ArrayOfMaps:         {name: "array_of_maps", maps: true, array: true},
	ebpf.ProgramArray:        {name: "prog_array", programs: true, array: true},
	ebpf.StackTrace:          {name: "stack_trace", stacks: true},
	ebpf.DevMap:              {name: "devmap", array: true},
	ebpf.DevMapHash:          {name: "devmap_hash"},
	ebpf.CPUMap:              {name: "cpumap", array: true},
	ebpf.CGroupStorage:       {name: "cgroup_storage"},
	ebpf.PerCPUCGroupStorage: {name: "percpu_cgroup_storage", perCPU: true},
	ebpf.TaskStorage:         {name: "task_storage", pids: true},
}
