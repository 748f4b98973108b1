package vmlinux

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/cdecl"
)

// Load returns the types in file, raw BTF as /sys/kernel/btf has it or an ELF file
// with a .BTF section; those of the running kernel if file is "running".
func Load(file string) (*btf.Spec, error) {
	if file == "running" {
		spec, err := btf.LoadKernelSpec()
		if err != nil {
			return nil, fmt.Errorf("read BTF of the running kernel: %w", err)
		}
		return spec, nil
	}
	spec, err := btf.LoadSpec(file)
	if errors.Is(err, btf.ErrNotFound) {
		return nil, fmt.Errorf("read BTF of %s: it is an ELF file without types of BTF; a kernel's own are in /sys/kernel/btf/vmlinux", file)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return nil, fmt.Errorf("read BTF of %s: %w", file, path.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("read BTF of %s: %w; it is to be raw BTF, unpacked, or an ELF file that has it", file, err)
	}
	return spec, nil
}

// Print writes the vmlinux.h of one kernel, with the layouts that it has. Kernel
// functions are declared if VMLINUX_KFUNCS is defined where the header is included.
// The same types give the same text.
func Print(w io.Writer, spec *btf.Spec) error { return cdecl.Write(w, spec) }
