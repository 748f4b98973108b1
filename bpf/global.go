package bpf

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// SetGlobal sets a global variable before loading. value is a bool, int64, uint64, float64, string,
// []any or map[string]any; it is checked against the variable's BTF type. Arrays take as many elements as they have or fewer,
// structs a map of some of their fields; what is left out becomes zero. Enums take the name of an enumerator.
func (o *Object) SetGlobal(name string, value any) error {
	v, ok := o.spec.Variables[name]
	if !ok {
		names := o.globalNames()
		if len(names) == 0 {
			return fmt.Errorf("no global variable named %s: %s has none", name, o.name)
		}
		return fmt.Errorf("no global variable named %s in %s%s", name, o.name, near.Hint(near.Names(name, names)))
	}
	if err := setVariable(v, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (o *Object) globalNames() []string {
	var names []string
	for name := range o.spec.Variables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func setVariable(v *ebpf.VariableSpec, value any) error {
	if v.Type == nil {
		return fmt.Errorf("its type is not in the object's BTF")
	}
	t, err := decode.New(v.Type.Type)
	if err != nil {
		return err
	}
	buf := make([]byte, v.Size())
	if len(buf) < t.Size {
		return fmt.Errorf("it has %d bytes and its type %s has %d", len(buf), t.Name, t.Size)
	}
	if err := encode(t, buf, value); err != nil {
		return err
	}
	return v.Set(buf)
}
