package dwarftype

import (
	"debug/elf"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// known says of the functions of a source what the variables of the event section (see package bpf) say of the calls in them that send records. nil:
// the object has no such section.
type known map[string]*calls

// calls are those of one function.
type calls struct {
	untyped bool     // there is one of which the type is not known
	astray  bool     // there is one that names no map
	submits bool     // there is one of a reservation
	writes  bool     // there is one to a dynptr
	maps    []string // that its reservations name
}

// The event section and its variables, behind the name of the function.
const (
	eventSection    = ".ebpfx.events"
	dataVariable    = ".__ebpfx_data"
	streamVariable  = ".__ebpfx_stream"
	reserveVariable = ".__ebpfx_reserve"
)

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// readKnown reads the event section.
func (p *program) readKnown(t *rawbtf.Types) known {
	section := t.Section(eventSection)
	if section == nil {
		return nil
	}
	texts := p.texts()
	k := make(known)
	t.Variables(section, func(v []byte) {
		name := t.Name(rawbtf.NameOf(v))
		if function, _, ok := strings.Cut(name, dataVariable); ok && tellsNothing(t, pointee(t, rawbtf.TargetOf(v))) {
			k.of(function).untyped = true
		} else if function, _, ok := strings.Cut(name, reserveVariable); ok {
			c := k.of(function)
			c.maps = append(c.maps, p.mapsIn(texts[name])...)
		} else if function, _, ok := strings.Cut(name, streamVariable); ok {
			c := k.of(function)
			kind, text, _ := strings.Cut(texts[name], ":")
			switch kind {
			case "submit":
				c.submits = true
			case "dynptr":
				c.submits, c.writes = true, true
			case "seq": // of an iterator, which writes to no map
			default:
				c.astray = c.astray || len(p.mapsIn(text)) == 0
			}
		}
	})
	return k
}

func (k known) of(function string) *calls {
	if k[function] == nil {
		k[function] = &calls{}
	}
	return k[function]
}

// texts returns the contents of the variables of the event section.
func (p *program) texts() map[string]string {
	texts := make(map[string]string)
	number := slices.IndexFunc(p.file.Sections, func(s *elf.Section) bool { return s.Name == eventSection })
	if number < 0 {
		return texts
	}
	data, err := p.contents(p.file.Sections[number])
	if err != nil {
		return texts
	}
	for _, s := range p.symbols {
		if int(s.Section) == number && s.Value <= uint64(len(data)) {
			text, _, _ := strings.Cut(string(data[s.Value:min(uint64(len(data)), s.Value+s.Size)]), "\x00")
			texts[s.Name] = text
		}
	}
	return texts
}

// mapsIn returns the maps that C text names.
func (p *program) mapsIn(text string) []string {
	return slices.DeleteFunc(identifier.FindAllString(text, -1), func(name string) bool {
		return !slices.ContainsFunc(p.symbols, func(s elf.Symbol) bool {
			return s.Name == name && int(s.Section) < len(p.file.Sections) && isMapSection(p.file.Sections[s.Section].Name)
		})
	})
}

// pointee returns what the type called number is a pointer to; 0, which is void, where it is none.
func pointee(t *rawbtf.Types, number uint32) uint32 {
	if raw := t.Resolve(number); raw != nil && rawbtf.KindOf(raw) == rawbtf.Pointer {
		return rawbtf.TargetOf(raw)
	}
	return 0
}

// tellsNothing reports whether a type is a pointer to anything, or the first of some bytes, or none that has an address.
func tellsNothing(t *rawbtf.Types, number uint32) bool {
	raw := t.Resolve(number)
	if raw == nil {
		return true
	}
	var element uint32
	switch rawbtf.KindOf(raw) {
	case rawbtf.Pointer:
		element = rawbtf.TargetOf(raw)
	case rawbtf.Array:
		element = binary.NativeEndian.Uint32(raw[rawbtf.TypeSize:])
	default:
		return true
	}
	to := t.Resolve(element)
	return to == nil || rawbtf.KindOf(to) == rawbtf.Int && rawbtf.TargetOf(to) == 1
}

// all reports whether nothing is left to find.
func (k known) all() bool {
	if k == nil {
		return false
	}
	for function := range k {
		if k.missing(function) {
			return false
		}
	}
	return true
}

// writes reports whether a function writes to a dynptr, the beginning of which has that type.
func (k known) writes(function string) bool { return k[function] != nil && k[function].writes }

// missing reports whether the type or the map of calls that stand in a function may be unknown.
func (k known) missing(function string) bool {
	c := k[function]
	return c == nil || c.untyped || c.astray || c.submits && len(c.maps) == 0
}
