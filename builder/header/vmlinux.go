package header

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// Where the running kernel describes its types, and tells its build ID.
const (
	kernelBTF   = "/sys/kernel/btf/vmlinux"
	kernelNotes = "/sys/kernel/notes"
)

// ErrNoKernelBTF is the cause of Vmlinux's error on a kernel that does not describe its types.
var ErrNoKernelBTF = errors.New("the kernel has no BTF")

// Vmlinux is the vmlinux.h of the running kernel. It is made at most once for a
// kernel, and may be used by several goroutines.
type Vmlinux struct {
	cache  *cachedir.Cache
	btf    string // file of BTF
	kernel string // identifies the kernel; "" when it has no BTF

	mu sync.Mutex
}

// NewVmlinux returns the vmlinux.h of the running kernel, to be kept in cache. Nothing is made yet.
func NewVmlinux(cache *cachedir.Cache) *Vmlinux {
	return &Vmlinux{cache: cache, btf: kernelBTF, kernel: kernelID(kernelNotes, kernelBTF)}
}

// Dirs returns the folders that clang has to search for the header. It may be in none of them yet.
func (v *Vmlinux) Dirs() []string {
	if v.kernel == "" {
		return nil
	}
	return v.cache.Dirs(v.dir())
}

// Make makes the header where there is none yet.
func (v *Vmlinux) Make(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kernel == "" {
		return fmt.Errorf("make vmlinux.h: %w (%s is missing); put a vmlinux.h into the project's folder, or run a kernel with CONFIG_DEBUG_INFO_BTF=y", ErrNoKernelBTF, v.btf)
	}
	_, err := v.cache.File(v.dir()+"/vmlinux.h", func() ([]byte, error) {
		bpftool, _, err := toolchain.FindBpftool(ctx)
		if err != nil {
			return nil, err
		}
		out, err := toolchain.Run(ctx, "", bpftool, "btf", "dump", "file", v.btf, "format", "c")
		if err != nil {
			if len(out.Stderr) > 0 {
				err = fmt.Errorf("%w: %s", err, firstLine(out.Stderr))
			}
			return nil, err
		}
		return out.Stdout, nil
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("make vmlinux.h from %s: %w", v.btf, err)
	}
	return err
}

func (v *Vmlinux) dir() string { return "vmlinux-" + v.kernel }

// kernelID returns what identifies the running kernel: the build ID in its ELF notes (include/linux/elfnote.h),
// which change with its content and are read in no time, or a hash of its BTF. It is "" without BTF.
func kernelID(notes, btf string) string {
	if _, err := os.Stat(btf); err != nil {
		return ""
	}
	if data, err := os.ReadFile(notes); err == nil {
		if id := buildID(data, binary.NativeEndian); id != nil {
			return hex.EncodeToString(id)
		}
	}
	data, err := os.ReadFile(btf)
	if errors.Is(err, fs.ErrNotExist) || len(data) == 0 {
		return ""
	}
	return contentID(data)
}

// buildID returns the descriptor of the GNU build ID among ELF notes, each of
// which is three words (size of name, size of descriptor, type), the name and the descriptor, padded to 4 bytes.
func buildID(notes []byte, order binary.ByteOrder) []byte {
	const header = 12
	pad := func(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }
	for len(notes) >= header {
		nameSize, descSize := order.Uint32(notes), order.Uint32(notes[4:])
		typ := order.Uint32(notes[8:])
		rest := notes[header:]
		if uint64(len(rest)) < pad(nameSize)+uint64(descSize) {
			return nil
		}
		name, desc := rest[:nameSize], rest[pad(nameSize):][:descSize]
		if string(name) == "GNU\x00" && typ == ntGNUBuildID && descSize > 0 {
			return desc
		}
		notes = rest[min(uint64(len(rest)), pad(nameSize)+pad(descSize)):]
	}
	return nil
}

// ntGNUBuildID is NT_GNU_BUILD_ID of elf.h.
const ntGNUBuildID = 3

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}
