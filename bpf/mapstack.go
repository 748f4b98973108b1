package bpf

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Frame is one of a stack trace: an address or, where BuildID is set, a place in the file that has it.
type Frame struct {
	Address uint64
	BuildID []byte
	Offset  uint64
}

// KeepsStacks reports whether o has a map of stack traces.
func (o *Object) KeepsStacks() bool {
	for _, m := range o.spec.Maps {
		if m.Type == ebpf.StackTrace {
			return true
		}
	}
	return false
}

// StackMaps returns the maps that hold stack traces, by name.
func (i *Instance) StackMaps() ([]*Map, error) {
	var list []*Map
	for name, m := range i.maps {
		if m.Type() != ebpf.StackTrace {
			continue
		}
		stacks, err := i.Map(name)
		if err != nil {
			return nil, err
		}
		list = append(list, stacks)
	}
	slices.SortFunc(list, func(a, b *Map) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// FindStack returns the stack trace that bpf_get_stackid called id from the first of maps that has it, the innermost frame first; nil where none does.
func FindStack(maps []*Map, id int64) []Frame {
	for _, m := range maps {
		if frames, err := m.Stack(id); err == nil && frames != nil {
			return frames
		}
	}
	return nil
}

// HoldsStacks reports whether the values of m are stack traces.
func (m *Map) HoldsStacks() bool { return m.kind.stacks }

// Stack returns the stack trace that bpf_get_stackid called id, the innermost frame first; nil where there is none, as for a negative id, which
// is an error of the helper.
func (m *Map) Stack(id int64) ([]Frame, error) {
	if id < 0 || id >= int64(m.MaxEntries) {
		return nil, nil
	}
	key := make([]byte, m.Key.Size)
	putBytes(key, uint64(id))
	b, err := m.Lookup(key)
	if b == nil || err != nil {
		return nil, err
	}
	return ParseStack(m.Value, b), nil
}

// stackType is what the values of a map of stack traces are.
func stackType(m *ebpf.Map) btf.Type {
	const buildIDs = 1 << 5 // BPF_F_STACK_BUILD_ID
	if m.Flags()&buildIDs == 0 {
		return &btf.Array{Type: &btf.Int{Name: "__u64", Size: 8}, Nelems: m.ValueSize() / 8}
	}
	return &btf.Array{Type: stackBuildID, Nelems: m.ValueSize() / stackBuildID.Size}
}

// stackBuildID is struct bpf_stack_build_id of include/uapi/linux/bpf.h.
var stackBuildID = &btf.Struct{Name: "bpf_stack_build_id", Size: 32, Members: []btf.Member{
	{Name: "status", Type: &btf.Int{Name: "__s32", Size: 4, Encoding: btf.Signed}},
	{Name: "build_id", Type: &btf.Array{Type: &btf.Int{Name: "unsigned char", Size: 1}, Nelems: 20}, Offset: 4 * 8},
	{Name: "offset", Type: &btf.Int{Name: "__u64", Size: 8}, Offset: 24 * 8},
}}

// ParseStack returns the frames that b holds, an array of addresses or of struct bpf_stack_build_id, as bpf_get_stack and bpf_get_stackid write
// them: the innermost first, up to the first that is empty. It is nil where t is no such array.
func ParseStack(t *decode.Type, b []byte) []Frame {
	if t.Kind != decode.Array {
		return nil
	}
	var frames []Frame
	switch elem := t.Elem; {
	case elem.Size == 8 && (elem.Kind == decode.Uint || elem.Kind == decode.Int || elem.Kind == decode.Pointer):
		for ; len(b) >= 8; b = b[8:] {
			address := binary.NativeEndian.Uint64(b)
			if address == 0 {
				break
			}
			frames = append(frames, Frame{Address: address})
		}
	case elem.Name == "struct bpf_stack_build_id" && elem.Size == int(stackBuildID.Size):
		const valid, address = 1, 2 // BPF_STACK_BUILD_ID_VALID and _IP
		for ; len(b) >= elem.Size; b = b[elem.Size:] {
			at := binary.NativeEndian.Uint64(b[24:])
			switch binary.NativeEndian.Uint32(b) {
			case valid:
				frames = append(frames, Frame{BuildID: bytes.TrimRight(b[4:24:24], "\x00"), Offset: at})
				continue
			case address:
				frames = append(frames, Frame{Address: at})
				continue
			}
			break
		}
	}
	return frames
}
