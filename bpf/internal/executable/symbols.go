package executable

import (
	"debug/elf"
	"slices"
)

// Symbols returns the names of the functions that the ELF file at path defines; none where it cannot be read.
func Symbols(path string) []string {
	f, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var names []string
	for _, s := range symbols(f) {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Section != elf.SHN_UNDEF {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// symbols returns those of both tables. A stripped file has only the dynamic one.
func symbols(f *elf.File) []elf.Symbol {
	static, _ := f.Symbols()
	dynamic, _ := f.DynamicSymbols()
	return append(static, dynamic...)
}

// Provider returns which of the libraries that the file at path needs defines a function, or "".
func Provider(path, symbol string) string {
	f, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	needed, err := f.ImportedLibraries()
	if err != nil {
		return ""
	}
	for _, name := range needed {
		if lib := findLibrary(name); lib != "" && slices.Contains(Symbols(lib), symbol) {
			return name
		}
	}
	return ""
}
