package readable

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/sysnr"
)

// reading returns how a member that is no address is shown, or nil: as it is.
func (f *Form) reading(field *decode.Field) *Reading {
	if field.BitSize != 0 {
		return nil
	}
	t, name := field.Type, strings.ToLower(field.Name)
	switch t.Kind {
	case decode.Uint, decode.Int:
		switch {
		case strings.HasPrefix(t.Name, "__be"):
			return bigEndian(field)
		case slices.Contains(resultNames, name) && t.Kind == decode.Int:
			return errnoReading(field, false)
		case slices.Contains(errnoNames, name):
			return errnoReading(field, true)
		case slices.Contains(syscallNames, name):
			return syscallReading(field)
		case name == "dev" && t.Kind == decode.Uint && t.Size == 4, t.Name == "dev_t":
			return deviceReading(field)
		case name == "cmd_flags" && t.Size == 4, t.Name == "blk_opf_t":
			return f.requestReading(field)
		}
		return cmp.Or(f.constantReading(field, name), timeReading(field), pointerReading(field, name))
	case decode.Array:
		return bytesReading(field)
	case decode.String:
		if slices.Contains(wordsNames, name) {
			return f.wordsReading(field)
		}
	}
	return nil
}

func appendNumber(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

var (
	// What is a result where it is not negative, and else an error number.
	resultNames = []string{"ret", "retval", "rc", "res", "result"}
	// What is an error number in either sign.
	errnoNames   = []string{"err", "errno", "error"}
	syscallNames = []string{"syscall", "syscall_nr", "syscall_id", "syscall_no", "syscallid", "sysno", "sysnr", "sys_nr", "nr_syscall", "__syscall_nr", "scno"}
)

// maxErrno is MAX_ERRNO of include/linux/err.h.
const maxErrno = 4095

// errnoReading shows -2 as -ENOENT and, where positive is set, 2 as ENOENT.
func errnoReading(f *decode.Field, positive bool) *Reading {
	return &Reading{Name: f.Name, Width: len("-ENOENT"), Number: true, append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		bits, ok := f.Bits(rec)
		v := int64(bits)
		if f.Type.Kind == decode.Uint && f.Type.Size == 4 {
			v = int64(int32(bits)) // programs with an errno in an unsigned are not rare
		}
		if !ok || v == 0 || v < -maxErrno || v > maxErrno || v > 0 && !positive {
			return dst, false
		}
		name := Errno(v)
		return append(dst, name...), name != ""
	}}
}

func syscallReading(f *decode.Field) *Reading {
	return &Reading{Name: f.Name, Width: len("epoll_pwait"), append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		nr, ok := f.Bits(rec)
		if !ok {
			return dst, false
		}
		name := sysnr.Name(nr)
		return append(dst, name...), name != ""
	}}
}

// pointerReading shows addresses of memory in hexadecimal that a program keeps in an integer.
func pointerReading(f *decode.Field, name string) *Reading {
	named := words(name)
	last := named[len(named)-1]
	if f.Type.Size != 8 || f.Type.Kind != decode.Uint || !strings.HasSuffix(last, "addr") && last != "address" && !strings.HasSuffix(last, "ptr") {
		return nil
	}
	return &Reading{Name: f.Name, Width: len("0xffff888000000000"), Number: true, append: func(dst, rec []byte, _ bool) ([]byte, bool) {
		bits, ok := f.Bits(rec)
		if !ok || bits == 0 {
			return dst, false
		}
		return strconv.AppendUint(append(dst, "0x"...), bits, 16), true
	}}
}
