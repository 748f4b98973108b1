package corerelo

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// The layout of .BTF.ext is in Documentation/bpf/btf.rst: a header with the offset
// and length of three parts, counted from the header's end. A part is the size of
// its records, then for each program section a name, a count and the records.

// decoder reads one object's .BTF.ext.
type decoder struct {
	order   binary.ByteOrder
	spec    *btf.Spec
	strings []byte // of .BTF
	code    func(section string) []byte
}

// line is where an instruction comes from.
type line struct {
	offset       uint32 // of the instruction in its section, in bytes
	file         string
	line, column int
}

func (d *decoder) decode(ext []byte) ([]Relocation, error) {
	if len(ext) < 8 {
		return nil, errShort
	}
	if magic := d.order.Uint16(ext); magic != 0xeb9f {
		return nil, fmt.Errorf("its magic is %#x", magic)
	}
	size := d.order.Uint32(ext[4:])
	if uint64(size) > uint64(len(ext)) || size < 24 {
		return nil, errShort
	}
	header, rest := ext[:size], ext[size:]

	lines := make(map[string][]line)
	err := d.part(header, rest, 16, func(section string, record []byte) error {
		file, err := d.string(d.order.Uint32(record[4:]))
		if err != nil {
			return err
		}
		position := d.order.Uint32(record[12:])
		lines[section] = append(lines[section], line{
			offset: d.order.Uint32(record),
			file:   file,
			line:   int(position >> 10),
			column: int(position & 0x3ff),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lines: %w", err)
	}
	if size < 32 {
		return nil, nil // older than CO-RE
	}

	var relocations []Relocation
	err = d.part(header, rest, 24, func(section string, record []byte) error {
		typ, err := d.spec.TypeByID(btf.TypeID(d.order.Uint32(record[4:])))
		if err != nil {
			return err
		}
		access, err := d.string(d.order.Uint32(record[8:]))
		if err != nil {
			return err
		}
		r := Relocation{Section: section, Type: typ, Access: access, Kind: Kind(d.order.Uint32(record[12:]))}
		offset := d.order.Uint32(record)
		if l := lineOf(lines[section], offset, movesData(d.code(section), offset)); l != nil {
			r.File, r.Line, r.Column = l.file, l.line, l.column
		}
		relocations = append(relocations, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("relocations: %w", err)
	}
	return relocations, nil
}

// lineOf returns which of lines, which are in order, the instruction at offset is
// from. One that moves data belongs to the line that is open. Any other holds nothing
// but the relocation's value: clang makes it without a line, ahead of what uses it.
func lineOf(lines []line, offset uint32, moves bool) *line {
	next, exact := slices.BinarySearchFunc(lines, offset, func(l line, offset uint32) int {
		return cmp.Compare(l.offset, offset)
	})
	if exact {
		// A function's own line has no column.
		if lines[next].column > 0 || moves {
			return &lines[next]
		}
		next++
	}
	if !moves && next < len(lines) && lines[next].column > 0 {
		return &lines[next]
	}
	if next > 0 {
		return &lines[next-1]
	}
	return nil
}

// movesData reports whether the instruction at offset loads or stores: BPF_LDX, BPF_ST
// and BPF_STX in include/uapi/linux/bpf_common.h.
func movesData(code []byte, offset uint32) bool {
	if uint64(offset) >= uint64(len(code)) {
		return false
	}
	class := code[offset] & 0x07
	return class >= 1 && class <= 3
}

var errShort = errors.New("it ends too early")

// recordSize is that of both records read here, in bytes. Later versions may append.
const recordSize = 16

// part calls fn for each record of the part whose offset and length the header has at at.
func (d *decoder) part(header, rest []byte, at int, fn func(section string, record []byte) error) error {
	if len(header) < at+8 {
		return errShort
	}
	offset, length := uint64(d.order.Uint32(header[at:])), uint64(d.order.Uint32(header[at+4:]))
	if offset+length > uint64(len(rest)) {
		return errShort
	}
	data := rest[offset : offset+length]
	if len(data) == 0 {
		return nil
	}
	if len(data) < 4 {
		return errShort
	}
	size := uint64(d.order.Uint32(data))
	if size < recordSize {
		return fmt.Errorf("records of %d bytes", size)
	}
	for data = data[4:]; len(data) > 0; {
		if len(data) < 8 {
			return errShort
		}
		section, err := d.string(d.order.Uint32(data))
		if err != nil {
			return err
		}
		count := uint64(d.order.Uint32(data[4:]))
		data = data[8:]
		if count > uint64(len(data))/size {
			return errShort
		}
		for range count {
			if err := fn(section, data[:size]); err != nil {
				return err
			}
			data = data[size:]
		}
	}
	return nil
}

func (d *decoder) string(offset uint32) (string, error) {
	if uint64(offset) >= uint64(len(d.strings)) {
		return "", fmt.Errorf("no string at %d", offset)
	}
	s, _, _ := bytes.Cut(d.strings[offset:], []byte{0})
	return string(s), nil
}

// readStrings returns the string table of a .BTF section.
func readStrings(raw []byte, order binary.ByteOrder) ([]byte, error) {
	if len(raw) < 24 {
		return nil, errShort
	}
	start := uint64(order.Uint32(raw[4:])) + uint64(order.Uint32(raw[16:]))
	end := start + uint64(order.Uint32(raw[20:]))
	if end > uint64(len(raw)) {
		return nil, errShort
	}
	return raw[start:end], nil
}
