// Package usdt reads what compilers note of the static probes of a binary (sys/sdt.h of SystemTap, and what is compatible), and
// writes what libbpf's usdt.bpf.h wants to be told of them.
//
//	ELF notes --Sites--> Site, Site, ... --ParseArgs--> Arg, Arg, ... --Layout.Encode--> a value of the map __bpf_usdt_specs
//
// A probe is known by provider and name. It has a site wherever the compiler put it, inlined or not, and at each of them the
// arguments may lie elsewhere.
package usdt

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Site is one place in a binary where a probe fires.
type Site struct {
	Provider string
	Name     string
	Args     string // where the arguments are, as the assembler was given it; "" for none
	// Address is that of the instruction, as the file is linked.
	Address uint64
	// Semaphore is the address of a 16-bit count of those who watch. The binary looks at it before it takes pains over
	// arguments. 0: there is none.
	Semaphore uint64
}

// Probe returns provider:name.
func (s *Site) Probe() string { return s.Provider + ":" + s.Name }

// What the notes are, as sys/sdt.h writes them.
const (
	noteSection = ".note.stapsdt"
	baseSection = ".stapsdt.base"
	noteOwner   = "stapsdt\x00"
	noteType    = 3
)

// ErrNoProbes is what is wrong with a binary that has no probe at all.
var ErrNoProbes = errors.New("it has no usdt probes")

// Sites returns the sites of all probes of f, in the order of the file. Notes of others are passed over. Whether what a site
// says can be true is not checked: its addresses may lie anywhere.
func Sites(f *elf.File) ([]Site, error) {
	var base uint64
	if s := f.Section(baseSection); s != nil {
		base = s.Addr
	}
	var sites []Site
	found := false
	for _, s := range f.Sections {
		if s.Name != noteSection || s.Type != elf.SHT_NOTE {
			continue
		}
		found = true
		data, err := s.Data()
		if err != nil {
			return nil, fmt.Errorf("read section %s: %w", s.Name, err)
		}
		more, err := parseNotes(data, f.ByteOrder, f.Class, base)
		if err != nil {
			return nil, fmt.Errorf("read section %s: %w", s.Name, err)
		}
		sites = append(sites, more...)
	}
	if !found {
		return nil, ErrNoProbes
	}
	return sites, nil
}

// parseNotes reads ELF notes: the sizes of owner and description, a type, and then these two, each filled up to 4 bytes.
// base is the address of section .stapsdt.base, or 0.
func parseNotes(data []byte, order binary.ByteOrder, class elf.Class, base uint64) ([]Site, error) {
	const (
		header = 12
		align  = 4
	)
	var sites []Site
	for at := 0; at < len(data); {
		note := data[at:]
		if len(note) < header {
			return nil, fmt.Errorf("the note at byte %d is cut off", at)
		}
		ownerSize, size := uint64(order.Uint32(note)), uint64(order.Uint32(note[4:]))
		kind := order.Uint32(note[8:])
		start := header + (ownerSize+align-1)&^uint64(align-1)
		end := start + size
		if end > uint64(len(note)) {
			return nil, fmt.Errorf("the note at byte %d is cut off", at)
		}
		if kind == noteType && string(note[header:header+ownerSize]) == noteOwner {
			site, err := parseSite(note[start:end], order, class, base)
			if err != nil {
				return nil, fmt.Errorf("the note at byte %d: %w", at, err)
			}
			sites = append(sites, site)
		}
		at += int((end + align - 1) &^ uint64(align-1))
	}
	return sites, nil
}

// parseSite reads the description of a note: the addresses of site, base section and semaphore, and three strings.
func parseSite(desc []byte, order binary.ByteOrder, class elf.Class, base uint64) (Site, error) {
	var addresses [3]uint64
	for i := range addresses {
		switch {
		case class == elf.ELFCLASS64 && len(desc) >= 8:
			addresses[i], desc = order.Uint64(desc), desc[8:]
		case class == elf.ELFCLASS32 && len(desc) >= 4:
			addresses[i], desc = uint64(order.Uint32(desc)), desc[4:]
		default:
			return Site{}, errors.New("it has no room for its addresses")
		}
	}
	var texts [3]string
	for i := range texts {
		text, rest, ok := bytes.Cut(desc, []byte{0})
		if !ok {
			return Site{}, errors.New("a name in it does not end")
		}
		texts[i], desc = string(text), rest
	}
	site := Site{Provider: texts[0], Name: texts[1], Args: texts[2], Address: addresses[0], Semaphore: addresses[2]}
	if site.Name == "" {
		return Site{}, errors.New("its probe has no name")
	}
	// What dtrace of SystemTap writes where it knows no arguments.
	if site.Args != "" && site.Args[0] == ':' {
		site.Args = ""
	}
	// Prelink moves sections, that of the base among them, and leaves the notes alone.
	if from := addresses[1]; base != 0 && from != 0 {
		site.Address += base - from
		if site.Semaphore != 0 {
			site.Semaphore += base - from
		}
	}
	return site, nil
}
