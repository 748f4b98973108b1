package bpf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math/bits"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// What libbpf takes and cilium/ebpf v0.22 does not is mended here, in memory.

// mendWeakMaps makes weak map symbols of b global: usdt.bpf.h of libbpf defines its maps
// weak so that several files may include it, and cilium/ebpf refuses references to them.
func mendWeakMaps(b []byte) {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return
	}
	defer f.Close()
	const (
		entry      = 24 // sizeof(Elf64_Sym)
		infoOffset = 4  // of st_info
		indexAt    = 6  // of st_shndx
	)
	for _, s := range f.Sections {
		if s.Type != elf.SHT_SYMTAB || s.Offset > uint64(len(b)) || s.Size > uint64(len(b))-s.Offset {
			continue
		}
		for table := b[s.Offset : s.Offset+s.Size]; len(table) >= entry; table = table[entry:] {
			index := int(binary.NativeEndian.Uint16(table[indexAt:]))
			info := table[infoOffset]
			if index < len(f.Sections) && f.Sections[index].Name == ".maps" && elf.ST_BIND(info) == elf.STB_WEAK {
				table[infoOffset] = elf.ST_INFO(elf.STB_GLOBAL, elf.ST_TYPE(info))
			}
		}
	}
}

// mendRings rounds sizes of ring buffers up to what the kernel takes: a power of two of pages.
// So does libbpf (adjust_ringbuf_sz). A size of 0 stays, for the kernel to refuse.
func mendRings(maps map[string]*ebpf.MapSpec) {
	page := uint32(os.Getpagesize())
	for _, m := range maps {
		if m.Type != ebpf.RingBuf || m.MaxEntries == 0 || m.MaxEntries > 1<<31 {
			continue
		}
		if n := m.MaxEntries; n < page || n&(n-1) != 0 {
			m.MaxEntries = max(page, 1<<bits.Len32(n-1))
		}
	}
}

// mendKconfig strips typedefs from extern kernel variables: cilium/ebpf takes LINUX_KERNEL_VERSION
// as an int but not as a __u32, which is what many programs declare.
func mendKconfig(types *btf.Spec) {
	var section *btf.Datasec
	if types.TypeByName(".kconfig", &section) != nil {
		return
	}
	for _, v := range section.Vars {
		if v, ok := v.Type.(*btf.Var); ok && v.Name == "LINUX_KERNEL_VERSION" {
			v.Type = btf.UnderlyingType(v.Type)
		}
	}
}
