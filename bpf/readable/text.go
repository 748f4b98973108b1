package readable

import (
	"bytes"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

var (
	textNames  = []string{"comm", "pcomm", "task", "path", "filename", "fname", "file", "name", "dname", "disk", "msg", "cmd"}
	wordsNames = []string{"args", "argv", "cmdline", "cmd_line"}
)

// bytesReading shows arrays of __u8 that are called like text as text, and hardware addresses as such.
func bytesReading(f *decode.Field) *Reading {
	if f.Type.Elem.Kind != decode.Uint || f.Type.Elem.Size != 1 {
		return nil
	}
	name := strings.ToLower(f.Name)
	switch {
	case f.Type.Len == 6 && (strings.Contains(name, "mac") || strings.Contains(name, "addr") || name == "h_dest" || name == "h_source"):
		return &Reading{Name: f.Name, Width: len("00:00:00:00:00:00"), append: func(dst, rec []byte, _ bool) ([]byte, bool) {
			b := f.Bytes(rec)
			if len(b) != 6 {
				return dst, false
			}
			for i, c := range b {
				if i > 0 {
					dst = append(dst, ':')
				}
				dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			}
			return dst, true
		}}
	case slices.Contains(textNames, name) && f.Type.Len != 1:
		return &Reading{Name: f.Name, Width: min(f.Type.Len, 32), Text: true, append: func(dst, rec []byte, long bool) ([]byte, bool) {
			b := f.Bytes(rec)
			if b == nil {
				return dst, false
			}
			return appendText(dst, decode.CString(b), long), true
		}}
	}
	return nil
}

// appendText appends text for a terminal, or as it is where it will be quoted later.
func appendText(dst, b []byte, long bool) []byte {
	if long {
		return append(dst, b...)
	}
	return decode.AppendPlain(dst, b)
}

// wordsReading shows the arguments of a program, between which the kernel has NULs: /proc/PID/cmdline looks the same. A member called
// as f with _size or _len behind says how many bytes there are.
func (f *Form) wordsReading(field *decode.Field) *Reading {
	var size *decode.Field
	for _, suffix := range []string{"_size", "_len"} {
		if s := f.typ.Field(field.Name + suffix); s != nil && size == nil {
			size = s
		}
	}
	return &Reading{Name: field.Name, Width: 32, Text: true, append: func(dst, rec []byte, long bool) ([]byte, bool) {
		b := field.Bytes(rec)
		if size != nil {
			if n, ok := size.Bits(rec); ok && n < uint64(len(b)) {
				b = b[:n]
			}
		} else if end := bytes.Index(b, []byte{0, 0}); end >= 0 {
			b = b[:end]
		}
		b = bytes.TrimRight(b, "\x00")
		if bytes.IndexByte(b, 0) < 0 {
			return dst, false // one word, as the text is shown anyway
		}
		return appendText(dst, bytes.ReplaceAll(b, []byte{0}, []byte{' '}), long), true
	}}
}
