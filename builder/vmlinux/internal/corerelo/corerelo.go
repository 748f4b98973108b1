// Package corerelo reads the CO-RE relocations of an object, with the source line
// of each: what a program asks of a kernel's types. The loader's view of them, what
// to patch, is cilium/ebpf's affair.
package corerelo

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf/btf"
)

// Kind tells what a relocation asks for.
type Kind uint32

// Kinds, from enum bpf_core_relo_kind in include/uapi/linux/bpf.h.
const (
	FieldByteOffset Kind = iota
	FieldByteSize
	FieldExists
	FieldSigned
	FieldLShiftU64
	FieldRShiftU64
	TypeIDLocal
	TypeIDTarget
	TypeExists
	TypeSize
	EnumvalExists
	EnumvalValue
	TypeMatches
)

// Field reports whether k asks about a member.
func (k Kind) Field() bool { return k <= FieldRShiftU64 }

// Guard reports whether k asks if something is there, which every kernel can answer.
func (k Kind) Guard() bool {
	return k == FieldExists || k == TypeExists || k == EnumvalExists || k == TypeMatches
}

// Relocation is one place in a program that depends on the kernel.
type Relocation struct {
	Section string // ELF section of the program
	Type    btf.Type
	Access  string // "0:1:2": what of Type, in libbpf's notation
	Kind    Kind

	// Where the compiler took it from; zero where the object does not tell.
	File         string
	Line, Column int
}

// Read returns the relocations of an object, in the order in which it has them, which
// may be none. Objects without BTF are refused.
func Read(r io.ReaderAt) (_ []Relocation, err error) {
	defer func() {
		// debug/elf lets some malformed files pass that it cannot read.
		if p := recover(); p != nil {
			err = fmt.Errorf("read object: %v", p)
		}
	}()
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	types, ext := f.Section(".BTF"), f.Section(".BTF.ext")
	if types == nil {
		return nil, errors.New("read object: it has no BTF, compile it with -g")
	}
	if ext == nil {
		return nil, nil
	}
	rawTypes, err := types.Data()
	if err != nil {
		return nil, fmt.Errorf("read object: section .BTF: %w", err)
	}
	rawExt, err := ext.Data()
	if err != nil {
		return nil, fmt.Errorf("read object: section .BTF.ext: %w", err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(rawTypes))
	if err != nil {
		return nil, fmt.Errorf("read object: section .BTF: %w", err)
	}
	strings, err := readStrings(rawTypes, f.ByteOrder)
	if err != nil {
		return nil, fmt.Errorf("read object: section .BTF: %w", err)
	}
	d := decoder{order: f.ByteOrder, spec: spec, strings: strings, code: codeOf(f)}
	relocations, err := d.decode(rawExt)
	if err != nil {
		return nil, fmt.Errorf("read object: section .BTF.ext: %w", err)
	}
	return relocations, nil
}

// codeOf returns what gives the instructions of f's sections, none where there are none.
func codeOf(f *elf.File) func(string) []byte {
	code := make(map[string][]byte)
	return func(section string) []byte {
		data, ok := code[section]
		if s := f.Section(section); !ok && s != nil {
			data, _ = s.Data() // it only tells lines
			code[section] = data
		}
		return data
	}
}
