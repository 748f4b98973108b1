package bpf

import (
	"slices"
	"strings"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

const bigEndianName = "__be16"

// markPorts gives the type __be16 to the members of records that are called ports and are plain numbers of 16 bits, where programs put there what they
// read from a __be16 of the kernel, as it is and nothing else. C sides of such tools know it, and call ntohs.
func (o *Object) markPorts() {
	for _, s := range o.streams {
		if len(s.Types) != 1 || !slices.ContainsFunc(s.Types[0].Fields, isPlainPort) {
			continue
		}
		order := o.bigEndianPlaces()
		s.Types[0] = s.Types[0].Retyped(func(f *decode.Field) *decode.Type {
			if !isPlainPort(*f) || !order[flow.Sent{Map: s.Map, Offset: f.Offset}] {
				return nil
			}
			big := *f.Type
			big.Name = bigEndianName
			return &big
		})
	}
}

// markPortsOfKey is markPorts for t, the keys of a map, if it is a struct.
func (o *Object) markPortsOfKey(name string, t btf.Type) btf.Type {
	key, ok := btf.UnderlyingType(t).(*btf.Struct)
	if !ok || !slices.ContainsFunc(key.Members, isPlainPortMember) {
		return t
	}
	order := o.bigEndianPlaces()
	marked := *key
	marked.Members = slices.Clone(key.Members)
	for i := range marked.Members {
		if m := &marked.Members[i]; isPlainPortMember(*m) && order[flow.Sent{Map: name, Offset: int(m.Offset.Bytes())}] {
			m.Type = &btf.Typedef{Name: bigEndianName, Type: m.Type}
		}
	}
	return &marked
}

func isPlainPortMember(m btf.Member) bool {
	u, ok := btf.UnderlyingType(m.Type).(*btf.Int)
	return ok && u.Size == 2 && u.Encoding == btf.Unsigned && m.BitfieldSize == 0 && m.Type.TypeName() != bigEndianName && isPortName(m.Name)
}

// isPortName reports whether a number called name may be a port.
func isPortName(name string) bool { return strings.Contains(strings.ToLower(name), "port") }

func isPlainPort(f decode.Field) bool {
	return f.Type.Kind == decode.Uint && f.Type.Size == 2 && f.BitSize == 0 && f.Type.Name != bigEndianName && isPortName(f.Name)
}

// bigEndianPlaces returns the places of records in which all programs agree that a number in network byte order is.
func (o *Object) bigEndianPlaces() map[flow.Sent]bool {
	if o.bigEndian != nil {
		return o.bigEndian
	}
	places := make(map[flow.Sent]bool)
	for _, p := range o.programs {
		for at, only := range flow.BigEndian(o.spec.Programs[p.Name].Instructions, o.isBigEndian) {
			before, known := places[at]
			places[at] = only && (before || !known)
		}
	}
	o.bigEndian = places
	return places
}

// isBigEndian reports whether CO-RE relocates ins to a __be16.
func (o *Object) isBigEndian(ins *asm.Instruction) bool {
	relocation := btf.CORERelocationMetadata(ins)
	if relocation == nil {
		return false
	}
	m := coreRelocation.FindStringSubmatch(relocation.String())
	if m == nil {
		return false
	}
	_, t := o.relocated(m[2], m[3])
	return t != nil && t.TypeName() == bigEndianName
}
