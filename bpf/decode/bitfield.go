package decode

import "encoding/binary"

// bigEndian is the order of this machine's bytes.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// place sets where the bit field of size bits is that starts at bit first of the struct. BTF counts bits
// as memory is laid out: from the least significant bit of the first byte on a
// little-endian machine, from the most significant one on a big-endian machine
// (Documentation/bpf/btf.rst, BTF_MEMBER_BIT_OFFSET). Only bytes that hold a bit of the field are read, which
// may be nine for a field of 64 bits in a packed struct.
func (f *Field) place(first, size int, big bool) {
	f.Offset = first / 8
	f.end = (first + size + 7) / 8
	f.BitSize = size
	if big {
		f.load = loadBitsBE
		f.BitOffset = f.end*8 - first - size
		return
	}
	f.load = loadBitsLE
	f.BitOffset = first % 8
}

// bitsLE returns size bits that start shift bits above the least significant
// bit of p, a little-endian number of at most nine bytes.
func bitsLE(p []byte, shift, size int, signed bool) uint64 {
	var low uint64
	for i := range min(len(p), 8) {
		low |= uint64(p[i]) << (8 * i)
	}
	v := low >> shift
	if len(p) == 9 {
		v |= uint64(p[8]) << (64 - shift)
	}
	return extend(v, size, signed)
}

// bitsBE is bitsLE for a big-endian number.
func bitsBE(p []byte, shift, size int, signed bool) uint64 {
	var low uint64
	for i := range min(len(p), 8) {
		low |= uint64(p[len(p)-1-i]) << (8 * i)
	}
	v := low >> shift
	if len(p) == 9 {
		v |= uint64(p[0]) << (64 - shift)
	}
	return extend(v, size, signed)
}

// extend returns the lower size bits of v, 1 to 64, as a 64-bit number.
func extend(v uint64, size int, signed bool) uint64 {
	unused := 64 - size
	if signed {
		return uint64(int64(v<<unused) >> unused)
	}
	return v << unused >> unused
}

// PutBits sets the bit field f of b, a value of the struct that lists it, to the lower bits of v.
func (f *Field) PutBits(b []byte, v uint64) {
	for i := range f.BitSize {
		at := f.BitOffset + i // counted from the least significant bit of the bytes that hold the field
		p := f.Offset + at/8
		if f.load == loadBitsBE {
			p = f.end - 1 - at/8
		}
		b[p] = b[p]&^(1<<(at%8)) | byte(v>>i&1)<<(at%8)
	}
}
