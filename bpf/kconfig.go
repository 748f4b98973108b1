package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/kconfig"
	"github.com/ebpfx/ebpfx/bpf/internal/mend"
)

// kconfigMap holds the extern variables that the kernel's configuration gives values, as libbpf calls it.
const kconfigMap = ".kconfig"

// linkKconfig makes a map of the extern variables of .kconfig, which Load fills, and has programs read them from it. weak are
// those that need no value.
func (o *Object) linkKconfig(weak map[string]bool) error {
	var section *btf.Datasec
	err := o.spec.Types.TypeByName(mend.Externs, &section)
	if errors.Is(err, btf.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	variables, size, err := kconfig.Layout(section, weak)
	if err != nil {
		return err
	}
	at := make(map[string]uint32)
	for _, v := range variables {
		at[v.Name] = v.Offset
	}
	for _, p := range o.spec.Programs {
		for i := range p.Instructions {
			ins := &p.Instructions[i]
			offset, ok := at[ins.Reference()]
			if !ok || !ins.OpCode.IsDWordLoad() || ins.IsLoadFromMap() {
				continue
			}
			*ins = ins.WithReference(kconfigMap)
			ins.Src = asm.PseudoMapValue
			ins.Constant = int64(offset) << 32
		}
	}
	o.externs = variables
	o.spec.Maps[kconfigMap] = &ebpf.MapSpec{
		Name:       kconfigMap,
		Type:       ebpf.Array,
		KeySize:    4,
		ValueSize:  size,
		MaxEntries: 1,
		Flags:      unix.BPF_F_RDONLY_PROG,
	}
	return nil
}

// withKconfig returns m, the map of extern variables, filled for the running kernel.
func (o *Object) withKconfig(m *ebpf.MapSpec) (*ebpf.MapSpec, error) {
	values, err := kconfig.Values(o.externs, m.ValueSize)
	if err != nil {
		return nil, fmt.Errorf("fill %s: %w", kconfigMap, err)
	}
	m = m.Copy()
	m.Contents = []ebpf.MapKV{{Key: uint32(0), Value: values}}
	return m, nil
}
