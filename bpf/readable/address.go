package readable

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// usualAddress is as wide as an IPv4 address gets. Longer ones are rarer.
const usualAddress = len("255.255.255.255")

// addresses finds the members that hold IP addresses.
func (f *Form) addresses() {
	family := f.family()
	for i := range f.typ.Fields {
		field := &f.typ.Fields[i]
		if f.fields[i].reading != nil || f.fields[i].hidden || field.BitSize != 0 {
			continue
		}
		switch {
		case f.pair(i, family):
		case isIPv6(field):
			f.fields[i].reading = addressReading(field.Name, func(rec []byte) (netip.Addr, bool) {
				return address16(field.Bytes(rec), family.of(rec))
			})
		case isIPv4(field, family != nil):
			f.fields[i].reading = addressReading(field.Name, func(rec []byte) (netip.Addr, bool) {
				return address4(field.Bytes(rec))
			})
		}
	}
}

// pair shows member i, saddr_v4 or saddr_v6, together with the other of the two. It reports whether there is one.
func (f *Form) pair(i int, family *familyField) bool {
	field := &f.typ.Fields[i]
	for _, suffix := range [][2]string{{"v4", "v6"}, {"4", "6"}, {"_in", "_in6"}} {
		for mine := range 2 {
			stem, ok := strings.CutSuffix(field.Name, suffix[mine])
			if !ok {
				continue
			}
			j := slices.IndexFunc(f.typ.Fields, func(g decode.Field) bool { return g.Name == stem+suffix[1-mine] })
			if j < 0 {
				continue
			}
			v4, v6 := field, &f.typ.Fields[j]
			if mine == 1 {
				v4, v6 = v6, v4
			}
			if v4.Type.Size != 4 || v6.Type.Size != 16 {
				continue
			}
			if stem = strings.TrimRight(stem, "_"); stem == "" {
				stem = "addr"
			}
			if f.typ.Field(stem) != nil {
				stem = field.Name
			}
			f.fields[i].reading = addressReading(stem, func(rec []byte) (netip.Addr, bool) {
				return eitherAddress(v4, v6, rec, family.of(rec))
			})
			f.fields[j].hidden = true
			return true
		}
	}
	return false
}

// eitherAddress returns the one of two addresses that the family tells or, where nothing does, that is not zero.
func eitherAddress(v4, v6 *decode.Field, rec []byte, family int) (netip.Addr, bool) {
	switch {
	case family == unix.AF_INET, family == unix.AF_UNSPEC && v4.Offset != v6.Offset && !zero(v4.Bytes(rec)):
		return address4(v4.Bytes(rec))
	case family == unix.AF_UNSPEC && v4.Offset != v6.Offset && zero(v6.Bytes(rec)):
		return address4(v4.Bytes(rec))
	}
	return address16(v6.Bytes(rec), family)
}

func addressReading(name string, read func(rec []byte) (netip.Addr, bool)) *Reading {
	return &Reading{Name: name, Width: usualAddress, append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		a, ok := read(rec)
		if !ok {
			return dst, false
		}
		return a.AppendTo(dst), true
	}}
}

func address4(b []byte) (netip.Addr, bool) {
	if len(b) < 4 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b)), true
}

// address16 reads an address from room for both: that of IPv4 lies at its start. Where the family is not known, an address
// with nothing behind its first four bytes is taken for one of IPv4: there is no IPv6 address of that form.
func address16(b []byte, family int) (netip.Addr, bool) {
	switch {
	case len(b) < 16:
		return netip.Addr{}, false
	case family == unix.AF_INET, family == unix.AF_UNSPEC && !zero(b[:4]) && zero(b[4:16]):
		return address4(b)
	}
	return netip.AddrFrom16([16]byte(b)), true
}

func zero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }

// isIPv6 reports whether f has room for an IPv6 address, and is called an address.
func isIPv6(f *decode.Field) bool {
	if f.Type.Size != 16 {
		return false
	}
	switch f.Type.Kind {
	case decode.Opaque: // unsigned __int128
	case decode.Array:
		if f.Type.Elem.Kind != decode.Uint {
			return false
		}
	case decode.Struct, decode.Union:
		if f.Type.Name == "struct in6_addr" {
			return true
		}
		if f.Type.Kind == decode.Struct {
			return false
		}
	default:
		return false
	}
	return isAddressName(f.Name, true)
}

// isIPv4 reports whether f is an IPv4 address. hasFamily: there is a member that tells the family of addresses.
func isIPv4(f *decode.Field, hasFamily bool) bool {
	if f.Type.Size != 4 {
		return false
	}
	switch f.Type.Kind {
	case decode.Uint:
	case decode.Struct:
		return f.Type.Name == "struct in_addr"
	case decode.Array:
		if f.Type.Elem.Size != 1 || f.Type.Elem.Kind != decode.Uint {
			return false
		}
	default:
		return false
	}
	if f.Type.Name == "__be32" {
		named := words(f.Name)
		if slices.Contains(ends, named[len(named)-1]) {
			return true
		}
	}
	return isAddressName(f.Name, hasFamily || f.Type.Name == "__be32" || f.Type.Kind == decode.Array)
}

// isAddressName reports whether name ends in a word for an IP address, such as saddr, ip_src or addr_v4. A mere addr is one
// where it is sure that it means none of memory.
func isAddressName(name string, sure bool) bool {
	named := words(name)
	last := len(named) - 1
	if last > 0 && slices.Contains([]string{"v4", "v6", "4", "6"}, named[last]) {
		last, sure = last-1, true
	}
	switch word := named[last]; {
	case isAddressWord(word), sure && word == "addr":
		return true
	case word == "addr", slices.Contains(ends, word):
		return slices.ContainsFunc(named[:last], isAddressWord)
	}
	return false
}

// ends are what the two ends of a connection are called, and what they are the key of.
var ends = []string{"key", "src", "dst", "source", "dest", "local", "remote", "gateway", "gw", "server", "client"}

// isAddressWord reports whether w means an IP address and not one of memory: saddr, daddr6, ip, ipv4.
func isAddressWord(w string) bool {
	w = strings.TrimRight(w, "46")
	return slices.Contains([]string{"saddr", "daddr", "laddr", "raddr", "ip", "ipv", "srcip", "dstip", "sip", "dip", "ipaddr"}, w)
}

// words splits a C name at underscores.
func words(name string) []string { return strings.Split(strings.ToLower(name), "_") }

// familyField is the member that tells the family of the addresses of its struct.
type familyField struct {
	field   *decode.Field
	version bool // holds 4 or 6
}

func (f *Form) family() *familyField {
	for _, name := range append(slices.Clone(familyNames), "ip_version", "ip_ver", "ipver", "ipv", "ver") {
		if field := f.typ.Field(name); field != nil && (field.Type.Kind == decode.Uint || field.Type.Kind == decode.Int) {
			return &familyField{field, strings.HasPrefix(name, "ip") || name == "ver"}
		}
	}
	return nil
}

// of returns AF_INET, AF_INET6, or AF_UNSPEC where rec does not tell.
func (f *familyField) of(rec []byte) int {
	if f == nil {
		return unix.AF_UNSPEC
	}
	v, _ := f.field.Bits(rec)
	switch {
	case v == unix.AF_INET, f.version && v == 4:
		return unix.AF_INET
	case v == unix.AF_INET6, f.version && v == 6:
		return unix.AF_INET6
	}
	return unix.AF_UNSPEC
}

// bigEndian returns the reading of numbers in network byte order, such as ports.
func bigEndian(f *decode.Field) *Reading {
	return &Reading{Name: f.Name, Width: len("65535"), Number: true, append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		b := f.Bytes(rec)
		switch len(b) {
		case 2:
			return appendNumber(dst, uint64(binary.BigEndian.Uint16(b))), true
		case 4:
			return appendNumber(dst, uint64(binary.BigEndian.Uint32(b))), true
		case 8:
			return appendNumber(dst, binary.BigEndian.Uint64(b)), true
		}
		return dst, false
	}}
}
