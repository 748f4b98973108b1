package decode

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// Every struct and union of the running kernel has a layout, whose members are where BTF says.
func TestKernelTypes(t *testing.T) {
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		if os.Getenv("EBPFX_REQUIRE_KERNEL") != "1" && (errors.Is(err, btf.ErrNotSupported) || errors.Is(err, fs.ErrPermission)) {
			t.Skipf("needs the kernel's BTF: %v", err)
		}
		t.Fatal(err)
	}
	n := 0
	var text []byte
	zeros := make([]byte, 1<<20)
	for base, err := range spec.All() {
		if err != nil {
			t.Fatal(err)
		}
		var members []btf.Member
		var size uint32
		switch base := base.(type) {
		case *btf.Struct:
			members, size = base.Members, base.Size
		case *btf.Union:
			members, size = base.Members, base.Size
		default:
			continue
		}
		n++
		typ, err := New(base)
		if err != nil {
			t.Error(err)
			continue
		}
		if typ.Size != int(size) {
			t.Errorf("%s has %d bytes, want %d", typ.Name, typ.Size, size)
		}
		for _, m := range members {
			if m.Name == "" {
				continue
			}
			f := typ.Field(m.Name)
			if f == nil {
				t.Errorf("%s has no %s", typ.Name, m.Name)
				continue
			}
			if got := 8*f.Offset + f.BitOffset; !bigEndian && got != int(m.Offset) || f.BitSize != int(m.BitfieldSize) {
				t.Errorf("%s.%s has %d bits at %d, want %d at %d", typ.Name, m.Name, f.BitSize, got, m.BitfieldSize, m.Offset)
			}
		}
		if text = typ.AppendJSON(text[:0], zeros[:min(typ.Size, len(zeros))]); !json.Valid(text) {
			t.Errorf("%s: JSON is not valid", typ.Name)
		}
	}
	if n == 0 {
		t.Error("the kernel has no structs")
	}
}
