package bpf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// GlobalNames returns the names of the global variables that Global knows, in order.
func (i *Instance) GlobalNames() []string {
	var names []string
	for name, v := range i.globals {
		if v.Type() != nil && i.readableSection(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// readableSection reports whether the variable is one that C code defines, and not one that the loader fills in.
func (i *Instance) readableSection(name string) bool {
	spec := i.object.spec.Variables[name]
	return spec != nil && !strings.HasPrefix(spec.SectionName, ".kconfig") && !strings.HasPrefix(spec.SectionName, ".ksyms")
}

// Global returns the type of a global variable and what it holds now, a copy.
func (i *Instance) Global(name string) (*decode.Type, []byte, error) {
	v, t, err := i.global(name)
	if err != nil {
		return nil, nil, err
	}
	b := make([]byte, v.Size())
	if err := v.Get(b); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	return t, b, nil
}

// SetGlobal writes a global variable of a loaded program, and nothing beside it. Values are those that Object.SetGlobal takes; what is
// left out of a struct or an array becomes zero.
func (i *Instance) SetGlobal(name string, value any) error {
	v, t, err := i.global(name)
	if err != nil {
		return err
	}
	if v.ReadOnly() {
		return fmt.Errorf("%s: it is const, and can only be set before the program is loaded, with set_globals", name)
	}
	b := make([]byte, v.Size())
	if err := encode(t, b, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := v.Set(b); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (i *Instance) global(name string) (*ebpf.Variable, *decode.Type, error) {
	if err := i.open(); err != nil {
		return nil, nil, err
	}
	v := i.globals[name]
	if v == nil || !i.readableSection(name) {
		names := i.GlobalNames()
		if len(names) == 0 {
			return nil, nil, fmt.Errorf("no global variable named %s: %s has none", name, i.object.name)
		}
		return nil, nil, fmt.Errorf("no global variable named %s in %s%s", name, i.object.name, near.Hint(near.Names(name, names)))
	}
	if v.Type() == nil {
		return nil, nil, fmt.Errorf("%s: its type is not in the object's BTF", name)
	}
	t, err := decode.New(v.Type().Type)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if t.Size != int(v.Size()) {
		return nil, nil, fmt.Errorf("%s: it has %d bytes and its type %s has %d", name, v.Size(), t.Name, t.Size)
	}
	return v, t, nil
}
