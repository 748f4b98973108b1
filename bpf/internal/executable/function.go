package executable

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/internal/symtab"
)

// Function is one of those that a File defines.
type Function struct {
	Name    string
	Version string // as in name@VERSION; "" for none
	Hidden  bool   // of a version that is there for programs of old alone
	Offset  uint64 // in the file
	Size    uint64 // 0: unknown

	precedence int // of several of one name, the highest is meant
	indirect   bool
}

// Precedences.
const (
	untyped = iota // from assembly that does not say that it is a function
	local
	weak
	global
)

// Functions returns all functions that f defines, by name and then by where they lie. A stripped file has those alone that it offers to others.
func (f *File) Functions() ([]Function, error) {
	if err := f.readSymbols(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(f.functions), func(fn Function) bool {
		return fn.indirect || fn.precedence == untyped
	}), nil
}

// readSymbols reads both symbol tables, or what else tells the functions of a stripped file.
func (f *File) readSymbols() (err error) {
	if f.imports != nil {
		return nil
	}
	defer damaged(f.Name, &err)
	imports := make(map[string]bool)
	for _, table := range []func() ([]elf.Symbol, error){f.ELF.Symbols, f.ELF.DynamicSymbols} {
		symbols, err := table()
		if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
			return fmt.Errorf("read symbols of %s: %w", f.Name, err)
		}
		for _, s := range symbols {
			if fn, ok := f.function(s); ok {
				f.functions = append(f.functions, fn)
			} else if s.Section == elf.SHN_UNDEF && s.Name != "" {
				name, _, _ := strings.Cut(s.Name, "@")
				imports[name] = true
			}
		}
	}
	if f.ELF.SectionByType(elf.SHT_SYMTAB) == nil {
		f.readStripped()
	}
	slices.SortStableFunc(f.functions, func(a, b Function) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Offset, b.Offset), cmp.Compare(len(b.Version), len(a.Version)))
	})
	// Most are in both tables, and the one for linking at run time alone has versions.
	f.functions = slices.CompactFunc(f.functions, func(a, b Function) bool {
		return a.Name == b.Name && a.Offset == b.Offset && (b.Version == "" || a.Version == b.Version)
	})
	f.imports = imports
	return nil
}

// readStripped finds functions in the file's debug file, and in what stripping leaves. That there is neither is no error.
func (f *File) readStripped() {
	if f.file == nil {
		return
	}
	file, err := os.Open(f.KernelPath())
	if err != nil {
		return
	}
	symbols, err := symtab.Read(file, f.Name, func(path string) (*os.File, error) {
		return finder{root: f.location.root}.at(path).open()
	})
	if err != nil {
		return
	}
	defer symbols.Close()
	indirect := make(map[uint64]bool)
	for _, fn := range f.functions {
		indirect[fn.Offset] = indirect[fn.Offset] || fn.indirect
	}
	for s := range symbols.All() {
		fn := Function{Name: s.Name, Size: s.Size, precedence: local}
		if s.Exported {
			fn.precedence = global
		}
		var ok bool
		if fn.Offset, ok = f.CodeOffset(s.Address); ok && !indirect[fn.Offset] {
			f.functions = append(f.functions, fn)
		}
	}
}

// damaged makes an error of a panic: nobody promises that debug/elf takes all bytes.
func damaged(name string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("read symbols of %s: it is damaged: %v", name, r)
	}
}

// function reads a symbol. Tables of linkers have versions in names.
func (f *File) function(s elf.Symbol) (fn Function, ok bool) {
	kind, bind := elf.ST_TYPE(s.Info), elf.ST_BIND(s.Info)
	switch {
	case s.Section == elf.SHN_UNDEF, s.Name == "":
		return Function{}, false
	case kind != elf.STT_FUNC && kind != elf.STT_GNU_IFUNC && kind != elf.STT_NOTYPE:
		return Function{}, false
	}
	address := s.Value
	if f.ELF.Machine == elf.EM_ARM {
		address &^= 1 // which says that it is in Thumb code
	}
	if fn.Offset, ok = f.CodeOffset(address); !ok {
		return Function{}, false
	}
	var version string
	fn.Name, version, _ = strings.Cut(s.Name, "@")
	fn.Version, fn.Hidden = strings.TrimPrefix(version, "@"), version != "" && version[0] != '@'
	if s.HasVersion && s.Version != "" {
		fn.Version, fn.Hidden = s.Version, s.VersionIndex.IsHidden()
	}
	fn.Size, fn.indirect = s.Size, kind == elf.STT_GNU_IFUNC
	switch {
	case kind == elf.STT_NOTYPE:
		fn.precedence = untyped
	case bind == elf.STB_LOCAL:
		fn.precedence = local
	case bind == elf.STB_WEAK:
		fn.precedence = weak
	default:
		fn.precedence = global
	}
	return fn, true
}

// IsGo reports whether f was built from Go.
func (f *File) IsGo() bool {
	return slices.ContainsFunc(f.ELF.Sections, func(s *elf.Section) bool {
		return s.Name == ".gopclntab" || s.Name == ".note.go.buildid" || s.Name == ".data.rel.ro.gopclntab"
	})
}

// Variable returns the address of a variable of f. Where several units have one of that name of their own, it cannot be told which is meant.
func (f *File) Variable(name string) (address uint64, ok bool) {
	if f.variables == nil {
		f.readVariables()
	}
	address = f.variables[name]
	return address, address != 0
}

// readVariables leaves 0 for names that stand for several.
func (f *File) readVariables() {
	f.variables = make(map[string]uint64)
	for _, table := range []func() ([]elf.Symbol, error){f.ELF.DynamicSymbols, f.ELF.Symbols} {
		symbols, err := table()
		if err != nil {
			continue // a stripped file, or a damaged one
		}
		for _, s := range symbols {
			if s.Section == elf.SHN_UNDEF || elf.ST_TYPE(s.Info) == elf.STT_TLS {
				continue
			}
			if other, ok := f.variables[s.Name]; ok && other != s.Value {
				s.Value = 0
			}
			f.variables[s.Name] = s.Value
		}
	}
}
