package symtab

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// Bounds of .gnu_debugdata, unpacked and of the memory to unpack it. It has symbols alone, and of a package's largest files some megabytes.
const (
	maxDebugData  = 64 << 20
	maxDictionary = 64 << 20
)

// readDebugData returns the functions of .gnu_debugdata of f, an ELF file packed with xz (gdb's manual, MiniDebugInfo); nil without one.
func readDebugData(f *elf.File) (*table, error) {
	section := f.Section(".gnu_debugdata")
	if section == nil || section.Type != elf.SHT_PROGBITS || section.FileSize > maxDebugData {
		return nil, nil
	}
	size, err := unpackedSize(section.ReaderAt, int64(section.FileSize), maxDebugData)
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	packed, err := xz.NewReader(section.Open())
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	// No more is asked for than the one block has: the next one could ask for any dictionary.
	b := make([]byte, size)
	if _, err := io.ReadFull(packed, b); err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	r := bytes.NewReader(b)
	inner, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	t, err := readSymbols(inner, r, elf.SHT_SYMTAB)
	if t == nil || err != nil {
		return nil, err
	}
	// Nothing but the names is needed any more.
	names := t.names.(*io.SectionReader)
	own := make([]byte, names.Size())
	if _, err := names.ReadAt(own, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read section %s: %w", section.Name, err)
	}
	t.names = bytes.NewReader(own)
	return t, nil
}

// unpackedSize returns how large a file of xz's format is when it is unpacked, most bytes at most. It has to have one block, as all do that are no larger than some
// megabytes, and a dictionary within bounds: unpacking it takes the memory that it asks for (The .xz File Format, 2 and 3).
func unpackedSize(r io.ReaderAt, size int64, most uint64) (int, error) {
	const ends = 12 // of a header, and of a footer
	var header [64]byte
	var footer [ends]byte
	if _, err := r.ReadAt(header[:], 0); err != nil {
		return 0, err
	}
	if _, err := r.ReadAt(footer[:], size-ends); err != nil && err != io.EOF {
		return 0, err
	}
	block := header[ends:]
	at := 2 // behind its size and flags
	for _, given := range []byte{0x40, 0x80} {
		if block[1]&given != 0 { // sizes that may be given here too
			_, n := binary.Uvarint(block[at:])
			at += max(n, 0)
		}
	}
	const lzma2 = 0x21
	if block[at] != lzma2 || block[at+1] != 1 {
		return 0, errors.New("it is packed in an unusual way")
	}
	dictionary, err := lzma.DecodeDictCap(block[at+2])
	if err != nil || dictionary > maxDictionary {
		return 0, errors.New("unpacking it would take too much memory")
	}
	index := make([]byte, min(int64(binary.LittleEndian.Uint32(footer[4:]))+1, 64)*4)
	if _, err := r.ReadAt(index, max(0, size-ends-int64(len(index)))); err != nil && err != io.EOF {
		return 0, err
	}
	blocks, n := binary.Uvarint(index[1:])
	if index[0] != 0 || n <= 0 || blocks != 1 {
		return 0, errors.New("it has more than one block")
	}
	_, first := binary.Uvarint(index[1+n:])
	if first <= 0 {
		return 0, errors.New("its index is damaged")
	}
	unpacked, last := binary.Uvarint(index[1+n+first:])
	if last <= 0 || unpacked > most {
		return 0, errors.New("it is too large")
	}
	return int(unpacked), nil
}
