package bpf

import (
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// What libbpf takes and cilium/ebpf v0.22 does not is mended in memory: what it would not
// read, in package mend, and what it reads otherwise, here.

// mendHidden makes hidden functions static for the kernel, as libbpf does (bpf_object__load in libbpf.c).
func mendHidden(programs map[string]*ebpf.ProgramSpec, hidden map[string]bool) {
	for _, p := range programs {
		for i := range p.Instructions {
			if f := btf.FuncMetadata(&p.Instructions[i]); f != nil && hidden[f.Name] {
				f.Linkage = btf.StaticFunc
			}
		}
	}
}

// Sizes of maps that the C source leaves to user space, which libbpf has it set before loading. Nobody is there to do it, so
// they get what tools commonly choose.
const (
	defaultEntries = 10240
	defaultRing    = 256 << 10 // bytes
)

// mendMaps gives maps sizes that the kernel takes. defaults are the names of those that got a size of ours.
func mendMaps(maps map[string]*ebpf.MapSpec) (defaults []string) {
	for name, m := range maps {
		if mendEntries(m) {
			defaults = append(defaults, name)
		}
		switch m.Type {
		case ebpf.StackTrace:
			mendStacks(m)
		case ebpf.UserRingbuf: // the type of its values is for us; package ebpf knows it of the other rings
			m.KeySize, m.ValueSize = 0, 0
		}
		if m.InnerMap != nil {
			mendEntries(m.InnerMap)
		}
	}
	slices.Sort(defaults)
	return defaults
}

// mendEntries reports whether m had no size and got the default one. Maps of which the size follows from what they are,
// such as perf buffers, are left to cilium/ebpf, and arrays, whose size programs know, to the kernel.
func mendEntries(m *ebpf.MapSpec) bool {
	switch m.Type {
	case ebpf.RingBuf, ebpf.UserRingbuf:
		sized := m.MaxEntries != 0
		if !sized {
			m.MaxEntries = defaultRing
		}
		m.MaxEntries = ringSize(m.MaxEntries)
		return !sized
	case ebpf.Hash, ebpf.LRUHash, ebpf.PerCPUHash, ebpf.LRUCPUHash, ebpf.LPMTrie, ebpf.HashOfMaps, ebpf.SockHash,
		ebpf.Queue, ebpf.Stack, ebpf.StackTrace, ebpf.BloomFilter:
		if m.MaxEntries == 0 {
			m.MaxEntries = defaultEntries
			return true
		}
	}
	return false
}

// ringSize rounds up to what the kernel takes: a power of two of pages (adjust_ringbuf_sz in libbpf).
func ringSize(n uint32) uint32 {
	page := uint32(os.Getpagesize())
	if n > 1<<31 {
		return n // for the kernel to refuse
	}
	return max(page, 1<<bits.Len32(n-1))
}

// mendStacks makes room for the longest stacks that the kernel records where the source does not say how much.
func mendStacks(m *ebpf.MapSpec) {
	const addressSize = 8
	if m.KeySize == 0 {
		m.KeySize = 4
	}
	if m.ValueSize == 0 {
		m.ValueSize = addressSize * maxStack()
	}
}

// maxStack returns the depth of the deepest stacks that the kernel records.
func maxStack() uint32 {
	const usual = 127 // PERF_MAX_STACK_DEPTH
	text, err := os.ReadFile("/proc/sys/kernel/perf_event_max_stack")
	if err != nil {
		return usual
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil || n == 0 {
		return usual
	}
	return uint32(n)
}

// sizeNotice says that maps got sizes of ours.
func sizeNotice(m *ebpf.MapSpec, name string) string {
	unit := "entries"
	if m.Type == ebpf.RingBuf || m.Type == ebpf.UserRingbuf {
		unit = "bytes"
	}
	return fmt.Sprintf("%s: the source leaves its size open; taking %d %s", name, m.MaxEntries, unit)
}
