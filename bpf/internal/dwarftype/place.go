package dwarftype

import (
	"encoding/binary"
)

// buffer reads DWARF's numbers. It yields zeros beyond its end, and ends is true then.
type buffer struct {
	b     []byte
	ends  bool
	order binary.ByteOrder // of numbers of fixed size; nil where none are read
}

func (b *buffer) byte() uint8 {
	if len(b.b) == 0 {
		b.ends = true
		return 0
	}
	v := b.b[0]
	b.b = b.b[1:]
	return v
}

func (b *buffer) bytes(n uint64) []byte {
	if n > uint64(len(b.b)) {
		b.ends, b.b = true, nil
		return nil
	}
	v := b.b[:n]
	b.b = b.b[n:]
	return v
}

func (b *buffer) unsigned() (v uint64) {
	for shift := 0; !b.ends; shift += 7 {
		c := b.byte()
		if shift < 64 {
			v |= uint64(c&0x7f) << shift
		}
		if c&0x80 == 0 {
			break
		}
	}
	return v
}

func (b *buffer) signed() (v int64) {
	for shift := 0; !b.ends; {
		c := b.byte()
		if shift < 64 {
			v |= int64(c&0x7f) << shift
		}
		shift += 7
		if c&0x80 == 0 {
			if c&0x40 != 0 && shift < 64 {
				v |= -1 << shift
			}
			break
		}
	}
	return v
}

func (b *buffer) uint16() uint16 {
	if v := b.bytes(2); v != nil {
		return b.order.Uint16(v)
	}
	return 0
}

func (b *buffer) address() uint64 {
	if v := b.bytes(8); v != nil {
		return b.order.Uint64(v)
	}
	return 0
}

// indexed returns an entry of .debug_addr.
func (d *debug) indexed(u *unit, index uint64) uint64 {
	const size = 8
	at := uint64(u.addressBase) + index*size
	if index > uint64(len(d.address)) || at > uint64(len(d.address)) {
		return 0
	}
	b := buffer{b: d.address[at:], order: d.order}
	return b.address()
}

// readList reads a list of places (DWARF 5, section 7.7.3).
func (d *debug) readList(u *unit, at int64, isIndex bool, yield func(low, high uint64, place []byte)) {
	const (
		end, baseIndex, startEndIndex, startLengthIndex, offsets, always, base, startEnd, startLength = 0, 1, 2, 3, 4, 5, 6, 7, 8
	)
	if isIndex {
		const size = 4
		entry := u.listBase + at*size
		if at < 0 || at > int64(len(d.lists)) || entry < 0 || entry > int64(len(d.lists)-size) {
			return
		}
		at = u.listBase + int64(d.order.Uint32(d.lists[entry:]))
	}
	if at < 0 || at > int64(len(d.lists)) {
		return
	}
	b := buffer{b: d.lists[at:], order: d.order}
	from := u.low
	for !b.ends {
		var low, high uint64
		switch b.byte() {
		case baseIndex:
			from = d.indexed(u, b.unsigned())
			continue
		case base:
			from = b.address()
			continue
		case startEndIndex:
			low = d.indexed(u, b.unsigned())
			high = d.indexed(u, b.unsigned())
		case startLengthIndex:
			low = d.indexed(u, b.unsigned())
			high = low + b.unsigned()
		case offsets:
			low = from + b.unsigned()
			high = from + b.unsigned()
		case always:
			high = ^uint64(0)
		case startEnd:
			low = b.address()
			high = b.address()
		case startLength:
			low = b.address()
			high = low + b.unsigned()
		default: // the end
			return
		}
		place := b.bytes(b.unsigned())
		if !b.ends {
			yield(low, high, place)
		}
	}
}

// readOldList reads a list of places of DWARF 2 to 4. Its addresses have relocations, so that they are no offsets from anything.
func (d *debug) readOldList(u *unit, at int64, yield func(low, high uint64, place []byte)) {
	if at < 0 || at > int64(len(d.loc)) {
		return
	}
	b := buffer{b: d.loc[at:], order: d.order}
	from := u.low
	for !b.ends {
		low, high := b.address(), b.address()
		switch {
		case low == 0 && high == 0:
			return
		case low == ^uint64(0):
			from = high
			continue
		}
		place := b.bytes(uint64(b.uint16()))
		if !b.ends {
			yield(from+low, from+high, place)
		}
	}
}

// Operations of DWARF's expressions (DW_OP_*).
const (
	opAddress       = 0x03
	opPlus          = 0x23
	opRegister      = 0x50 // and those of the other registers behind it
	opBased         = 0x70 // likewise: a register and an offset
	opFrameOffset   = 0x91
	opStackValue    = 0x9f
	opAddressIndex  = 0xa1
	opEntryValue    = 0xa3
	opGNUEntryValue = 0xf3
)

// where says what a place is: the value itself, or an address at which the variable lies.
type where struct {
	value  value
	memory bool
}

// eval evaluates the place of a variable of t's function in a state. ok is false where it is none that can be followed.
func (d *debug) eval(l local, t *trace, s *state) (w where, ok bool) {
	b := buffer{b: l.place, order: d.order}
	for first := true; len(b.b) > 0 && !b.ends; first = false {
		op := b.byte()
		switch {
		case first && op >= opRegister && op < opRegister+frame+1:
			w = where{value: s.regs[op-opRegister]}
		case first && op == opBased+frame:
			w = where{t.address(b.signed()), true}
		case first && op >= opBased && op < opBased+frame:
			w = where{s.regs[op-opBased].plus(b.signed()), true}
		case first && op == opFrameOffset:
			w = where{t.address(b.signed()), true}
		case first && op == opAddress:
			w = where{atAddress(b.address()), true}
		case first && op == opAddressIndex:
			w = where{atAddress(d.indexed(l.unit, b.unsigned())), true}
		case first && (op == opEntryValue || op == opGNUEntryValue):
			inner := b.bytes(b.unsigned())
			if len(inner) != 1 || inner[0] < opRegister+1 || inner[0] > opRegister+5 {
				return w, false
			}
			w = where{one(argument, int(inner[0]-opRegister), 0), true}
		case !first && op == opPlus:
			w.value = w.value.plus(int64(b.unsigned()))
		case !first && op == opStackValue:
			w.memory = false
		default:
			return w, false
		}
	}
	return w, !b.ends && w.value != nil
}

func atAddress(at uint64) value {
	return one(data, int(at>>sectionShift), int64(at&(1<<sectionShift-1)))
}
