package usdt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf/btf"
)

// SpecsMap is the map of usdt.bpf.h that holds specs by their numbers.
const SpecsMap = "__bpf_usdt_specs"

// argTypes are the values of enum __bpf_usdt_arg_type. For none that it does not know does a program read anything.
var argTypes = map[Kind]uint64{Const: 0, Register: 1, Memory: 2, Indexed: 3, Unreadable: 0x7f}

// Layout is how the usdt.bpf.h that an object was compiled with lays out its specs. libbpf 1.7 gave indexed
// arguments room between the members that were there.
type Layout struct {
	size      int
	args      int // offset of the first
	argSize   int
	most      int // arguments
	cookie    field
	count     field
	value     field
	kind      field
	reg       field
	signed    field
	bitshift  field
	index     field // of size 0 before libbpf 1.7
	indexBits field
}

// field is a member, in bits.
type field struct{ offset, size int }

// errLayout is about a usdt.bpf.h of another kind.
var errLayout = errors.New("the object's usdt.bpf.h lays out its specs as no libbpf up to 1.7 does")

// NewLayout reads the layout off the type of the values of map SpecsMap.
func NewLayout(value btf.Type) (*Layout, error) {
	spec, ok := btf.As[*btf.Struct](value)
	if !ok {
		return nil, errLayout
	}
	members := membersOf(spec)
	array, ok := btf.As[*btf.Array](members["args"].Type)
	if !ok {
		return nil, errLayout
	}
	arg, ok := btf.As[*btf.Struct](array.Type)
	if !ok {
		return nil, errLayout
	}
	inner := membersOf(arg)
	l := &Layout{
		size:    int(spec.Size),
		args:    int(members["args"].Offset.Bytes()),
		argSize: int(arg.Size),
		most:    int(array.Nelems),
	}
	for _, m := range []struct {
		field    *field
		from     map[string]btf.Member
		name     string
		optional bool
	}{
		{&l.cookie, members, "usdt_cookie", false},
		{&l.count, members, "arg_cnt", false},
		{&l.value, inner, "val_off", false},
		{&l.kind, inner, "arg_type", false},
		{&l.reg, inner, "reg_off", false},
		{&l.signed, inner, "arg_signed", false},
		{&l.bitshift, inner, "arg_bitshift", false},
		{&l.index, inner, "idx_reg_off", true},
		{&l.indexBits, inner, "scale_bitshift", true},
	} {
		member, ok := m.from[m.name]
		if !ok && !m.optional {
			return nil, fmt.Errorf("%w: there is no member %s", errLayout, m.name)
		}
		if ok {
			size, err := btf.Sizeof(member.Type)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errLayout, err)
			}
			*m.field = field{int(member.Offset), 8 * size}
			if member.BitfieldSize > 0 {
				m.field.size = int(member.BitfieldSize)
			}
		}
	}
	return l, l.check()
}

func membersOf(s *btf.Struct) map[string]btf.Member {
	all := make(map[string]btf.Member)
	for _, m := range s.Members {
		all[m.Name] = m
	}
	return all
}

// check refuses members that lie outside of their struct.
func (l *Layout) check() error {
	if l.args < 0 || l.argSize < 0 || l.most < 0 || l.most > 1<<10 || l.args+l.most*l.argSize > l.size {
		return errLayout
	}
	for _, f := range []field{l.cookie, l.count} {
		if !f.within(l.size) {
			return errLayout
		}
	}
	for _, f := range []field{l.value, l.kind, l.reg, l.signed, l.bitshift, l.index, l.indexBits} {
		if !f.within(l.argSize) {
			return errLayout
		}
	}
	return nil
}

func (f field) within(bytes int) bool {
	return f.offset >= 0 && f.size <= 64 && f.offset+f.size <= 8*bytes
}

// MaxArgs is how many arguments there is room for.
func (l *Layout) MaxArgs() int { return l.most }

// Indexes reports whether there is room for arguments that are Indexed.
func (l *Layout) Indexes() bool { return l.index.size > 0 && l.indexBits.size > 0 }

// Encode returns a value of map SpecsMap for a site with args, of which those beyond MaxArgs are left out. Programs read
// neither these nor any that is Unreadable, or Indexed where there is no room for that.
func (l *Layout) Encode(args []Arg, cookie uint64) []byte {
	b := make([]byte, l.size)
	args = args[:min(len(args), l.most)]
	l.cookie.put(b, cookie)
	l.count.put(b, uint64(len(args)))
	for i, a := range args {
		if a.Kind == Indexed && !l.Indexes() {
			a.Kind = Unreadable
		}
		one := b[l.args+i*l.argSize : l.args+(i+1)*l.argSize]
		l.kind.put(one, argTypes[a.Kind])
		l.bitshift.put(one, uint64(64-8*a.Size))
		if a.Kind == Unreadable {
			continue
		}
		l.value.put(one, uint64(a.Value))
		l.reg.put(one, uint64(a.Reg))
		if a.Signed {
			l.signed.put(one, 1)
		}
		if a.Kind == Indexed {
			l.index.put(one, uint64(a.Index))
			l.indexBits.put(one, uint64(a.Shift))
		}
	}
	return b
}

// put writes the lowest bits of v. BTF counts the bits of a byte from its low end on little-endian machines, from the other on
// big-endian ones.
func (f field) put(b []byte, v uint64) {
	little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	for i := range f.size {
		at, from := f.offset+i, i
		bit := at % 8
		if !little {
			from = f.size - 1 - i
			bit = 7 - bit
		}
		if v>>from&1 != 0 {
			b[at/8] |= 1 << bit
		}
	}
}
