package bpf

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// encodePrefix returns the key of so many bytes of a trie that a prefix makes: 10.0.0.0/8, or an address, of which all bits count. Keys are
// a length of 32 bits and an address, the highest byte first (struct bpf_lpm_trie_key of include/uapi/linux/bpf.h).
func encodePrefix(size int, text string) ([]byte, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("expected an address with or without the length of a prefix, such as 10.0.0.0/8, got %q", text)
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	const length = 4 // bytes
	address := prefix.Addr().AsSlice()
	if size != length+len(address) {
		return nil, fmt.Errorf("%s has an address of %d bytes, and its keys have %d", text, len(address), size-length)
	}
	return append(binary.NativeEndian.AppendUint32(nil, uint32(prefix.Bits())), address...), nil
}
