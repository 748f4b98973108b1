package rawbtf

import (
	"encoding/binary"
	"errors"
)

// Relocated is a type of an object that CO-RE looks up in the kernel by its name.
type Relocated struct {
	Name string // without its flavour
	Kind uint32
	// Beyond is true where more than the layout of the kernel's type is asked for: its number, or what is behind its pointers.
	Beyond bool
}

// Kinds of relocations that are not of a member or of an enumerator (enum bpf_core_relo_kind in include/uapi/linux/bpf.h).
const (
	relocatesLocalID   = 6
	relocatesKernelID  = 7
	relocatesExistence = 8
	relocatesSize      = 9
	relocatesMatch     = 12
)

// Relocated returns the types that the relocations of ext, a .BTF.ext section that belongs to t, look up. Unnamed ones, of which nothing can be
// looked up, are not among them.
func (t *Types) Relocated(ext []byte) ([]Relocated, error) {
	records, err := relocations(ext)
	if err != nil {
		return nil, err
	}
	type lookup struct{ id, kind uint32 }
	seen := make(map[lookup]bool)
	var all []Relocated
	err = eachRecord(records, func(record []byte) error {
		l := lookup{id: binary.NativeEndian.Uint32(record[4:]), kind: binary.NativeEndian.Uint32(record[12:])}
		if seen[l] || l.kind == relocatesLocalID {
			return nil
		}
		seen[l] = true
		if l.id == 0 || uint64(l.id) >= uint64(len(t.At)) {
			return errors.New("a relocation is of no type")
		}
		raw := t.At[l.id]
		if name := t.Name(NameOf(raw)); name != "" {
			all = append(all, Relocated{Name: string(Essential([]byte(name))), Kind: KindOf(raw), Beyond: t.beyond(raw, l.id, l.kind)})
		}
		return nil
	})
	return all, err
}

// beyond reports whether a relocation of a kind asks for more of the kernel's type than its layout.
func (t *Types) beyond(raw []byte, id, kind uint32) bool {
	switch {
	case kind == relocatesKernelID || kind >= relocatesMatch:
		return true
	case kind == relocatesExistence || kind == relocatesSize:
		// These compare the types, through pointers and prototypes. Where there are none, kind and size are enough.
		if raw = t.Resolve(id); raw == nil {
			return true
		}
	}
	switch KindOf(raw) {
	case Struct, Union, Enum, Enum64, Int, Forward, Typedef:
		return false
	}
	return true
}

var errExtension = errors.New("the records of .BTF.ext are damaged")

// relocations returns the part of ext that holds CO-RE relocations (struct btf_ext_header in libbpf), nil where there are none.
func relocations(ext []byte) ([]byte, error) {
	const lengthAt, offsetAt = 28, 24
	if len(ext) < 8 {
		return nil, errExtension
	}
	size := uint64(binary.NativeEndian.Uint32(ext[4:]))
	if size > uint64(len(ext)) {
		return nil, errExtension
	}
	if size < lengthAt+4 {
		return nil, nil // older than CO-RE
	}
	begin := size + uint64(binary.NativeEndian.Uint32(ext[offsetAt:]))
	end := begin + uint64(binary.NativeEndian.Uint32(ext[lengthAt:]))
	if end > uint64(len(ext)) {
		return nil, errExtension
	}
	return ext[begin:end], nil
}

// eachRecord calls fn with each relocation, a struct bpf_core_relo: for each section of code its name and how many there are come first.
func eachRecord(part []byte, fn func(record []byte) error) error {
	const relocationSize, infoSize = 16, 8
	if len(part) == 0 {
		return nil
	}
	if len(part) < 4 {
		return errExtension
	}
	size := uint64(binary.NativeEndian.Uint32(part))
	if size < relocationSize {
		return errExtension
	}
	for part = part[4:]; len(part) > 0; {
		if len(part) < infoSize {
			return errExtension
		}
		count := uint64(binary.NativeEndian.Uint32(part[4:]))
		part = part[infoSize:]
		if count > uint64(len(part))/size {
			return errExtension
		}
		for range count {
			if err := fn(part[:size]); err != nil {
				return err
			}
			part = part[size:]
		}
	}
	return nil
}
