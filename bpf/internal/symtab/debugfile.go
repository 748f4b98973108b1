package symtab

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// debugDir is where distributions put debug files.
const debugDir = "/usr/lib/debug"

// BuildIDPath returns where the debug file of a binary with that build ID lies.
func BuildIDPath(id []byte) string {
	if len(id) < 2 {
		return ""
	}
	return filepath.Join(debugDir, ".build-id", hex.EncodeToString(id[:1]), hex.EncodeToString(id[1:])+".debug")
}

// openDebugFile returns the file that has the symbols stripped from f, which was opened as path: that of its build ID, or that which its
// debug link names (gdb's manual, Separate Debug Files). nil where there is none that belongs to f.
func openDebugFile(f *elf.File, path string, id []byte, open Opener) *os.File {
	if p := BuildIDPath(id); p != "" {
		if file, err := open(p); err == nil {
			if same(file, id) {
				return file
			}
			file.Close()
		}
	}
	name, sum, ok := debugLink(f)
	if !ok {
		return nil
	}
	dir := filepath.Dir(path)
	for _, p := range []string{filepath.Join(dir, name), filepath.Join(dir, ".debug", name), filepath.Join(debugDir, dir, name)} {
		if p == path {
			continue
		}
		file, err := open(p)
		if err != nil {
			continue
		}
		// Both say that it is the right file. To compare build IDs is cheap.
		if id != nil && same(file, id) || checksum(file) == sum {
			return file
		}
		file.Close()
	}
	return nil
}

// same reports whether the ELF file has this build ID.
func same(file *os.File, id []byte) bool {
	f, err := elf.NewFile(file)
	return err == nil && bytes.Equal(BuildID(f), id)
}

// debugLink reads .gnu_debuglink: a name, padded to 4 bytes, and the checksum of the file.
func debugLink(f *elf.File) (name string, sum uint32, ok bool) {
	s := f.Section(".gnu_debuglink")
	if s == nil || s.Type != elf.SHT_PROGBITS || s.FileSize > 4096+8 {
		return "", 0, false
	}
	b, err := s.Data()
	if err != nil {
		return "", 0, false
	}
	end := bytes.IndexByte(b, 0)
	if end <= 0 {
		return "", 0, false
	}
	at := (end + 4) &^ 3
	name = string(b[:end])
	if len(b) < at+4 || filepath.Base(name) != name {
		return "", 0, false
	}
	return name, f.ByteOrder.Uint32(b[at:]), true
}

func checksum(file *os.File) uint32 {
	h := crc32.NewIEEE()
	const most = 4 << 30
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, most)); err != nil {
		return 0
	}
	return h.Sum32()
}
