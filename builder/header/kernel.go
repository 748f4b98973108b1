package header

import (
	"encoding/binary"
	"encoding/hex"
	"os"
)

// Where the running kernel describes its types, and tells its build ID.
const (
	kernelBTF   = "/sys/kernel/btf/vmlinux"
	kernelNotes = "/sys/kernel/notes"
)

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
	if err != nil || len(data) == 0 {
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
