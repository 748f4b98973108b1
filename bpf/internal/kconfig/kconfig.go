// Package kconfig gives values to the extern variables of the section .kconfig as libbpf does (bpf_object__resolve_externs):
// what the kernel was configured with, and a few facts about it.
package kconfig

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Variable is one extern variable.
type Variable struct {
	Name   string
	Type   btf.Type
	Offset uint32 // in the section
	Size   uint32
	Weak   bool // 0 where there is no value; without it that is an error
}

// Layout places the variables of a section, which the compiler does not, and returns them with their size in all. weak are the names of those that
// need no value.
func Layout(section *btf.Datasec, weak map[string]bool) ([]Variable, uint32, error) {
	const alignment = 8 // enough for each type
	var all []Variable
	var end uint32
	for _, info := range section.Vars {
		v, ok := info.Type.(*btf.Var)
		if !ok {
			return nil, 0, fmt.Errorf("lay out .kconfig: %s is no variable", info.Type.TypeName())
		}
		size, err := btf.Sizeof(v.Type)
		if err != nil {
			return nil, 0, fmt.Errorf("lay out .kconfig: %s: %w", v.Name, err)
		}
		const limit = 1 << 20 // far more than any configuration has
		if size > limit || end > limit {
			return nil, 0, fmt.Errorf("lay out .kconfig: %s is too large", v.Name)
		}
		all = append(all, Variable{Name: v.Name, Type: v.Type, Offset: end, Size: uint32(size), Weak: weak[v.Name]})
		end += (uint32(size) + alignment - 1) &^ (alignment - 1)
	}
	return all, max(end, alignment), nil
}

// Values returns the contents of a section of that size on the running kernel. The configuration is read
// only when a variable asks for it.
func Values(variables []Variable, size uint32) ([]byte, error) {
	contents := make([]byte, size)
	options := make(map[string]string) // of the configuration; "" until it is read
	for _, v := range variables {
		if !strings.HasPrefix(v.Name, "LINUX_") {
			options[v.Name] = ""
		}
	}
	if len(options) > 0 {
		if err := readOptions(options); err != nil && !allWeak(variables) {
			return nil, err
		}
	}
	for _, v := range variables {
		if err := v.put(contents[v.Offset:v.Offset+v.Size], options[v.Name]); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

// allWeak reports whether no option of the configuration must have a value.
func allWeak(variables []Variable) bool {
	for _, v := range variables {
		if !v.Weak && !strings.HasPrefix(v.Name, "LINUX_") {
			return false
		}
	}
	return true
}

// put writes the value of v. option is that of the configuration.
func (v *Variable) put(out []byte, option string) error {
	fact, known := facts[v.Name]
	switch {
	case known:
		n, err := fact()
		if err == nil {
			err = putNumber(out, v.Type, n)
		}
		if err != nil {
			return fmt.Errorf("give %s a value: %w", v.Name, err)
		}
	case option != "":
		if err := putOption(out, v.Type, option); err != nil {
			return fmt.Errorf("give %s the value %s of this kernel's configuration: %w", v.Name, option, err)
		}
	case !v.Weak:
		what := "is not set in this kernel's configuration"
		if strings.HasPrefix(v.Name, "LINUX_") {
			what = "is nothing that ebpfx knows of a kernel"
		}
		return fmt.Errorf("give %s a value: it %s; declare it __weak for it to be 0", v.Name, what)
	}
	return nil
}
