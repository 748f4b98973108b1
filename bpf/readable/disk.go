package readable

import (
	"slices"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// deviceReading shows a dev_t of the kernel by the name of its disk.
func deviceReading(f *decode.Field) *Reading {
	return &Reading{Name: f.Name, Width: len("nvme0n1p1"), append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		bits, ok := f.Bits(rec)
		dev := uint32(bits)
		if !ok || dev>>deviceMinorBits == 0 { // no device has major number 0, but other things are named dev too
			return dst, false
		}
		name := Device(dev)
		return append(dst, name...), name != ""
	}}
}

// Bits of a blk_opf_t, which have been the same since Linux 4.10: the operation, and then flags.
const (
	requestOperation = 1<<8 - 1
	requestSync      = 1 << 11
	requestMeta      = 1 << 12
	requestFUA       = 1 << 17
	requestPreflush  = 1 << 18
	requestReadahead = 1 << 19
)

// requestOperations are the letters that the kernel's tracepoints of block devices (rwbs) and blkparse have for REQ_OP_...
var requestOperations = map[uint64]string{0: "R", 1: "W", 2: "F", 3: "D", 5: "DE"}

// requestReading shows what a request to a disk is as rwbs does: WS for a write that somebody waits for. No bits are a read, but
// also what the key of a map holds that does not go by the kind of request; so they are one only beside the place of a request.
func (f *Form) requestReading(field *decode.Field) *Reading {
	one := slices.ContainsFunc(f.typ.Fields, func(other decode.Field) bool { return other.Name == "sector" })
	return &Reading{Name: field.Name, Width: len("FWFSM"), append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		bits, ok := field.Bits(rec)
		if !ok || bits == 0 && !one {
			return dst, false
		}
		operation, ok := requestOperations[bits&requestOperation]
		if !ok {
			operation = "N"
		}
		if bits&requestPreflush != 0 {
			dst = append(dst, 'F')
		}
		dst = append(dst, operation...)
		for _, flag := range []struct {
			bit    uint64
			letter byte
		}{{requestFUA, 'F'}, {requestReadahead, 'A'}, {requestSync, 'S'}, {requestMeta, 'M'}} {
			if bits&flag.bit != 0 {
				dst = append(dst, flag.letter)
			}
		}
		return dst, true
	}}
}
