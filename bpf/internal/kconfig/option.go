package kconfig

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// readOptions looks up those options in the configuration of the running kernel. What is not set there stays "".
func readOptions(options map[string]string) error {
	release, _, _ := probe.Release()
	if f, err := os.Open("/boot/config-" + release); err == nil {
		defer f.Close()
		return parseOptions(f, options)
	}
	f, err := os.Open("/proc/config.gz")
	if err != nil {
		return errNoConfig()
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("read /proc/config.gz: %w", err)
	}
	return parseOptions(z, options)
}

// parseOptions reads lines like CONFIG_X=y, CONFIG_X="text" and CONFIG_X=0x10. The first one counts.
func parseOptions(r io.Reader, options map[string]string) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if have, wanted := options[name]; ok && wanted && have == "" {
			options[name] = value
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read this kernel's configuration: %w", err)
	}
	return nil
}

// putOption writes the value of an option as a variable of type t has it (set_kcfg_value_* of libbpf).
func putOption(out []byte, t btf.Type, value string) error {
	t = btf.UnderlyingType(t)
	switch {
	case value == "y" || value == "n" || value == "m":
		return putTristate(out, t, value[0])
	case strings.HasPrefix(value, `"`):
		return putString(out, t, value)
	}
	integer, ok := t.(*btf.Int)
	if !ok {
		return errors.New("the variable is no integer")
	}
	if integer.Encoding == btf.Signed {
		n, err := strconv.ParseInt(value, 0, 8*int(integer.Size))
		if err != nil {
			return errors.New("it does not fit")
		}
		return putNumber(out, t, uint64(n))
	}
	n, err := strconv.ParseUint(value, 0, 8*int(integer.Size))
	if err != nil {
		return errors.New("it does not fit")
	}
	return putNumber(out, t, n)
}

// putTristate writes y, n or m: a bool, an enum libbpf_tristate, or the letter itself.
func putTristate(out []byte, t btf.Type, value byte) error {
	switch t := t.(type) {
	case *btf.Int:
		switch {
		case t.Encoding == btf.Bool && t.Size == 1 && value != 'm':
			if value == 'y' {
				out[0] = 1
			}
			return nil
		case t.Encoding != btf.Bool && t.Size == 1:
			out[0] = value
			return nil
		}
	case *btf.Enum:
		if t.Name == "libbpf_tristate" && t.Size == 4 {
			// TRI_NO, TRI_YES, TRI_MODULE
			binary.NativeEndian.PutUint32(out, map[byte]uint32{'n': 0, 'y': 1, 'm': 2}[value])
			return nil
		}
	}
	return errors.New("the variable is no bool, char or enum libbpf_tristate that could hold it")
}

// putString writes text without its quotes, cut where the array ends. It ends with a NUL in any case.
func putString(out []byte, t btf.Type, value string) error {
	array, ok := t.(*btf.Array)
	if !ok {
		return errors.New("the variable is no array of char")
	}
	if element, ok := btf.UnderlyingType(array.Type).(*btf.Int); !ok || element.Size != 1 || len(out) == 0 {
		return errors.New("the variable is no array of char")
	}
	copy(out[:len(out)-1], strings.Trim(value, `"`))
	return nil
}

// putNumber writes n into an integer of any size that can hold it.
func putNumber(out []byte, t btf.Type, n uint64) error {
	integer, ok := btf.UnderlyingType(t).(*btf.Int)
	if !ok {
		return errors.New("the variable is no integer")
	}
	switch integer.Size {
	case 1:
		out[0] = byte(n)
	case 2:
		binary.NativeEndian.PutUint16(out, uint16(n))
	case 4:
		binary.NativeEndian.PutUint32(out, uint32(n))
	case 8:
		binary.NativeEndian.PutUint64(out, n)
	default:
		return fmt.Errorf("the variable is an integer of %d bytes", integer.Size)
	}
	if integer.Size < 8 && integer.Encoding != btf.Signed && n>>(8*integer.Size) != 0 {
		return fmt.Errorf("the variable is too small for %#x", n)
	}
	return nil
}
