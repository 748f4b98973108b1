package bpf

import "github.com/cilium/ebpf"

// mapKind is what can be done with the maps of a type.
type mapKind struct {
	name     string // as C writes it, without BPF_MAP_TYPE_, in lower case
	perCPU   bool
	array    bool // keys are indices; entries of most cannot be deleted
	data     bool // holds data by key: programs keep there what they found out
	keyless  bool // a queue, a stack, a Bloom filter or a ring
	maps     bool // values are maps
	programs bool // values are programs
	stacks   bool // values are stack traces
	ring     bool // a buffer that user space writes records into
	prefixes bool // keys are prefixes of addresses

	key, value referent // what they stand for, where user space gives the kernel a descriptor of it
}

// mapKinds are the types whose entries user space can read or write.
var mapKinds = map[ebpf.MapType]mapKind{
	ebpf.Hash:                {name: "hash", data: true},
	ebpf.LRUHash:             {name: "lru_hash", data: true},
	ebpf.LPMTrie:             {name: "lpm_trie", data: true, prefixes: true},
	ebpf.Array:               {name: "array", data: true, array: true},
	ebpf.PerCPUHash:          {name: "percpu_hash", data: true, perCPU: true},
	ebpf.LRUCPUHash:          {name: "lru_percpu_hash", data: true, perCPU: true},
	ebpf.PerCPUArray:         {name: "percpu_array", data: true, perCPU: true, array: true},
	ebpf.Queue:               {name: "queue", keyless: true},
	ebpf.Stack:               {name: "stack", keyless: true},
	ebpf.BloomFilter:         {name: "bloom_filter", keyless: true},
	ebpf.UserRingbuf:         {name: "user_ringbuf", keyless: true, ring: true},
	ebpf.HashOfMaps:          {name: "hash_of_maps", maps: true},
	ebpf.ArrayOfMaps:         {name: "array_of_maps", maps: true, array: true},
	ebpf.ProgramArray:        {name: "prog_array", programs: true, array: true},
	ebpf.StackTrace:          {name: "stack_trace", stacks: true},
	ebpf.DevMap:              {name: "devmap", array: true},
	ebpf.DevMapHash:          {name: "devmap_hash"},
	ebpf.CPUMap:              {name: "cpumap", array: true},
	ebpf.XSKMap:              {name: "xskmap", array: true, value: socketOf},
	ebpf.SockMap:             {name: "sockmap", array: true, value: socketOf},
	ebpf.SockHash:            {name: "sockhash", value: socketOf},
	ebpf.ReusePortSockArray:  {name: "reuseport_sockarray", array: true, value: socketOf},
	ebpf.CGroupArray:         {name: "cgroup_array", array: true, value: cgroupOf},
	ebpf.CGroupStorage:       {name: "cgroup_storage"},
	ebpf.PerCPUCGroupStorage: {name: "percpu_cgroup_storage", perCPU: true},
	ebpf.TaskStorage:         {name: "task_storage", key: processOf},
	ebpf.SkStorage:           {name: "sk_storage", key: socketOf},
	ebpf.InodeStorage:        {name: "inode_storage", key: fileOf},
	ebpf.CgroupStorage:       {name: "cgrp_storage", key: cgroupOf},
}

// noEntries says of the other types why there is nothing to read or write.
var noEntries = map[ebpf.MapType]string{
	ebpf.RingBuf:        "whose records are events, which on_event takes",
	ebpf.PerfEventArray: "whose records are events, which on_event takes",
	ebpf.StructOpsMap:   "which the kernel calls programs by",
	ebpf.Arena:          "memory that programs share; what others are to see they write to a variable or a map with keys",
}
