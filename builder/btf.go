package builder

import (
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/header"
)

// vmlinuxOf returns the vmlinux.h of a target whose sources bring none. What is wrong with the types is told
// when the header is made.
func (b *build) vmlinuxOf(t *Target) *header.Vmlinux {
	v := b.vmlinux[t.BTF.File]
	if v != nil {
		return v
	}
	switch file := t.BTF.File; file {
	case "":
		v = header.NewMerged(b.cache, b.machine.Arch)
	case BTFRunning:
		v = header.NewRunning(b.cache, b.machine.Arch)
	default:
		v = header.NewFromFile(b.cache, file, b.files.hash(relativeTo(b.project.Dir, file)))
	}
	b.vmlinux[t.BTF.File] = v
	return v
}

// atBTF gives err the place of the set_btf that it is about.
func (c *compilation) atBTF(err error) error {
	btf := c.unit.target.BTF
	if btf.File == "" {
		return err
	}
	return diag.Errorf(btf.Pos, "set_btf: %w", err).FillSource()
}
