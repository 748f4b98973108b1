package dwarftype

import (
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// Annotate returns the object with the types of records tagged in its BTF, as far as its debug information tells them and
// its event section (see package bpf) does not. It returns the object itself where there is nothing to add: it sends nothing, all is known, it
// has no debug information, or it was annotated before. The object must be an ELF file of this machine's byte order.
func Annotate(object []byte) ([]byte, error) {
	p, err := parse(object)
	if errors.Is(err, errTooLarge) {
		return object, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read code: %w", err)
	}
	section := slices.IndexFunc(p.file.Sections, func(s *elf.Section) bool { return s.Name == ".BTF" })
	sends := p.calls(func(helper int32) bool { _, ok := emitters[helper]; return ok })
	if section < 0 || !sends {
		return object, nil
	}
	contents, err := p.contents(p.file.Sections[section])
	if err != nil {
		return nil, err
	}
	types, err := rawbtf.Extend(contents)
	if err != nil {
		return nil, fmt.Errorf("read BTF: %w", err)
	}
	known := p.readKnown(types.Types)
	// Of what is written to a dynptr through a pointer the source says nothing.
	if known.all() && !p.calls(func(helper int32) bool { return helper == reserveDynptr }) || isTagged(types.Types) {
		return object, nil
	}
	d, err := p.readDebug()
	if err != nil {
		return nil, fmt.Errorf("read debug information: %w", err)
	}
	if d == nil {
		return object, nil
	}
	all := p.infer(d, known)
	if len(all) == 0 {
		return object, nil
	}
	c := &converter{debug: d, to: types, numbers: make(map[dwarf.Offset]uint32)}
	for _, f := range all {
		number, err := c.record(f.record)
		if err != nil {
			return nil, fmt.Errorf("convert the type of a record: %w", err)
		}
		const whole = ^uint32(0) // of no member in particular
		types.Add(Tag+f.maps, rawbtf.DeclTag, 0, number, whole)
	}
	return replaceSection(object, section, types.Bytes()), nil
}

// isTagged reports whether an object was annotated before.
func isTagged(t *rawbtf.Types) bool {
	return slices.ContainsFunc(t.At, func(raw []byte) bool {
		return raw != nil && rawbtf.KindOf(raw) == rawbtf.DeclTag && strings.HasPrefix(t.Name(rawbtf.NameOf(raw)), Tag)
	})
}

// calls reports whether any function calls such a helper.
func (p *program) calls(such func(helper int32) bool) bool {
	return slices.ContainsFunc(p.functions, func(f *function) bool {
		return slices.ContainsFunc(f.code, func(i insn) bool { return i.op == opCall && i.src == 0 && such(i.imm) })
	})
}

// replaceSection returns the object with other contents of a section, which lie at the end of the file.
func replaceSection(object []byte, number int, contents []byte) []byte {
	const align, offsetAt, sizeAt = 8, 24, 32 // sh_offset and sh_size of Elf64_Shdr
	b := append([]byte(nil), object...)
	for len(b)%align != 0 {
		b = append(b, 0)
	}
	header := b[binary.NativeEndian.Uint64(b[40:])+uint64(number)*uint64(binary.NativeEndian.Uint16(b[58:])):]
	binary.NativeEndian.PutUint64(header[offsetAt:], uint64(len(b)))
	binary.NativeEndian.PutUint64(header[sizeAt:], uint64(len(contents)))
	return append(b, contents...)
}
