package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// btfOfImage returns the .BTF section of the kernel in a bzImage.
func btfOfImage(ctx context.Context, image []byte) ([]byte, error) {
	packed, err := payload(image)
	if err != nil {
		return nil, err
	}
	kernel, err := unpack(ctx, packed)
	if err != nil {
		return nil, fmt.Errorf("unpack kernel: %w", err)
	}
	f, err := elf.NewFile(bytes.NewReader(kernel))
	if err != nil {
		return nil, fmt.Errorf("read kernel: %w", err)
	}
	section := f.Section(".BTF")
	if section == nil {
		return nil, errors.New("the kernel has no .BTF section: it is built without CONFIG_DEBUG_INFO_BTF")
	}
	return section.Data()
}

// Offsets in the header of a bzImage, from Documentation/arch/x86/boot.rst.
const (
	setupSectors  = 0x1f1
	headerMagic   = 0x202
	payloadOffset = 0x248
	payloadLength = 0x24c
	headerEnd     = 0x250
)

// payload returns the compressed kernel in a bzImage.
func payload(image []byte) ([]byte, error) {
	if len(image) < headerEnd || string(image[headerMagic:headerMagic+4]) != "HdrS" {
		return nil, errors.New("read kernel image: not a bzImage")
	}
	sectors := uint64(image[setupSectors])
	if sectors == 0 {
		sectors = 4
	}
	start := (sectors+1)*512 + uint64(binary.LittleEndian.Uint32(image[payloadOffset:]))
	end := start + uint64(binary.LittleEndian.Uint32(image[payloadLength:]))
	if start >= end || end > uint64(len(image)) {
		return nil, fmt.Errorf("read kernel image: it ends before its payload, at byte %d of %d", len(image), end)
	}
	return image[start:end], nil
}

// unpackers are the commands for what follows a magic. The standard library has none.
var unpackers = []struct {
	magic   string
	command string
}{
	{"\xfd7zXZ\x00", "xz -dc"},
	{"\x28\xb5\x2f\xfd", "zstd -dc"},
	{"\x02\x21\x4c\x18", "lz4 -dc"},
	{"\x5d\x00\x00", "xz -dc --format=lzma"},
	{"BZh", "bzip2 -dc"},
}

func unpack(ctx context.Context, packed []byte) ([]byte, error) {
	if bytes.HasPrefix(packed, []byte("\x1f\x8b")) {
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		r.Multistream(false)
		return io.ReadAll(r)
	}
	for _, u := range unpackers {
		if !bytes.HasPrefix(packed, []byte(u.magic)) {
			continue
		}
		// The build appends the unpacked size to all but gzip's: size_append in
		// scripts/Makefile.lib.
		args := strings.Fields(u.command)
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Stdin = bytes.NewReader(packed[:len(packed)-4])
		return output(cmd)
	}
	return nil, fmt.Errorf("unknown compression, it starts with % x", packed[:min(8, len(packed))])
}

// output runs cmd and returns what it prints. Its errors have cmd's own words.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", cmd.Args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
