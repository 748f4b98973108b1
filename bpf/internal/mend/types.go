package mend

import (
	"encoding/binary"

	"github.com/ebpfx/ebpfx/bpf/internal/rawbtf"
)

// types is the BTF of an object, in place.
type types struct{ *rawbtf.Types }

// rename gives a section a name of the same length.
func (t *types) rename(from, to string) {
	if raw := t.Section(from); raw != nil {
		replaceName(t.Strings, rawbtf.NameOf(raw), from, to)
	}
}

// hideKconfig renames .kconfig to Externs, and gives it a size, without which cilium/ebpf looks for it in the file.
func (t *types) hideKconfig() {
	raw := t.Section(kconfig)
	if raw == nil {
		return
	}
	t.rename(kconfig, Externs)
	binary.NativeEndian.PutUint32(raw[8:], rawbtf.LengthOf(raw))
}
