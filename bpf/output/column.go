package output

import (
	"encoding/hex"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// column is one column of a table.
type column struct {
	title string
	path  []*decode.Field   // from the record to the struct that lists field
	field *decode.Field     // nil: the whole record, of type typ
	typ   *decode.Type      // nil: bytes of unknown type
	shown *readable.Reading // nil: as it is
	holds func([]byte) bool // whether the record has it; nil: each does

	right bool // aligned to the right: numbers
	text  bool // may be cut

	// Widths on screen. The column has want while the line has room, and no less than least; text
	// is given up to most.
	least, want, most int
	width             int
}

// columnsOf returns the columns for records of type typ.
func columnsOf(typ *decode.Type, form *readable.Form) []column {
	if typ == nil {
		c := column{title: "RECORD"}
		c.textual(0)
		return []column{c}
	}
	if columns := flatten(nil, typ, form, nil); len(columns) > 0 {
		return columns
	}
	// No struct, or one without members.
	c := column{title: "VALUE", typ: typ}
	c.measure(0)
	return []column{c}
}

// flatten adds the columns of the struct typ, which path leads to and form says how to show.
func flatten(columns []column, typ *decode.Type, form *readable.Form, path []*decode.Field) []column {
	for i := range typ.Fields {
		f := &typ.Fields[i]
		if form.Hidden(i) {
			continue
		}
		if r := form.Reading(i); r != nil {
			c := column{title: title(path, r.Name), path: path, field: f, typ: f.Type, shown: r}
			c.measureShown()
			columns = append(columns, c)
			continue
		}
		if f.Type.Kind == decode.Struct || f.Type.Kind == decode.Union {
			first := len(columns)
			columns = flatten(columns, f.Type, form.Nested(i), append(path[:len(path):len(path)], f))
			if len(path) == 0 && form.Arm(i) {
				for c := range columns[first:] {
					columns[first+c].holds = func(rec []byte) bool { return form.Holds(i, rec) }
				}
			}
			continue
		}
		c := column{title: title(path, f.Name), path: path, field: f, typ: f.Type}
		c.measure(f.BitSize)
		columns = append(columns, c)
	}
	return columns
}

func title(path []*decode.Field, name string) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteString(p.Name + ".")
	}
	return strings.ToUpper(b.String() + name)
}

const (
	unbounded = 1 << 30
	usualText = 32 // columns for text of unknown length, while there is room
	leastText = 8
)

// measure sets the widths from the type.
func (c *column) measure(bits int) {
	if bits == 0 {
		bits = 8 * c.typ.Size
	}
	switch c.typ.Kind {
	case decode.Int, decode.Uint:
		c.right = true
		c.least, c.want = digits(bits, c.typ.Kind == decode.Int)
	case decode.Float:
		c.right = true
		c.least, c.want = 6, 12
	case decode.Pointer:
		c.right = true
		c.least, c.want = len("0xffff888000000000"), len("0xffff888000000000")
	case decode.Bool:
		c.least, c.want = len("false"), len("false")
	case decode.Enum:
		for _, e := range c.typ.Enumerators {
			c.want = max(c.want, textWidth([]byte(e.Name)))
		}
		c.want = min(c.want, usualText)
		c.least = c.want
	case decode.String:
		c.textual(c.typ.Len)
	case decode.Opaque:
		c.textual(2 * c.typ.Size)
	case decode.Array:
		c.textual(arrayWidth(c.typ))
	}
	w := textWidth([]byte(c.title))
	c.least, c.want, c.most = max(c.least, w), max(c.want, w), max(c.most, w)
}

// measureShown sets the widths of a column whose values are shown in another way than as they are.
func (c *column) measureShown() {
	if c.shown.Text {
		c.textual(c.typ.Len)
	} else {
		c.measure(0) // for values that are shown as they are nevertheless
		c.text, c.right = false, c.shown.Number
		c.least, c.want = min(c.least, c.shown.Width), max(c.want, c.shown.Width)
	}
	w := textWidth([]byte(c.title))
	c.least, c.want, c.most = max(c.least, w), max(c.want, w), max(c.most, w)
}

// textual makes c a column of text of up to n characters, 0 for any number.
func (c *column) textual(n int) {
	if n == 0 {
		n = unbounded
	}
	c.text = true
	c.least, c.want, c.most = min(n, leastText), min(n, usualText), n
}

// digits returns how wide an integer is: usual ones, such as a PID of 32 bits or nanoseconds
// since boot, and those that fill all their bits. Few fill 64, which are given room when they come.
func digits(bits int, signed bool) (least, want int) {
	const (
		pidDigits  = 7  // PID_MAX_LIMIT is 4194304
		timeDigits = 16 // 115 days in nanoseconds
	)
	want = min(bits*3/10+1, timeDigits) // 3/10 is log10 of 2
	least = min(want, pidDigits)
	if bits > 32 {
		least = min(want, 10)
	}
	if signed {
		want++
	}
	return least, want
}

// arrayWidth guesses how wide the array t is when it is printed.
func arrayWidth(t *decode.Type) int {
	if isBytes(t) {
		return 2 * t.Len
	}
	const usualElement = 4
	return usualElement * t.Len
}

// isBytes says whether t is an array of bytes, such as a hardware address.
func isBytes(t *decode.Type) bool {
	return t.Kind == decode.Array && t.Elem.Kind == decode.Uint && t.Elem.Size == 1
}

// appendCell appends what the column has for rec. It is one line.
func (c *column) appendCell(dst, rec []byte) []byte {
	if c.field == nil {
		if c.typ == nil {
			return appendDump(dst, rec)
		}
		return c.typ.AppendText(dst, rec)
	}
	if c.holds != nil && !c.holds(rec) {
		return dst
	}
	for _, f := range c.path {
		rec = f.Bytes(rec)
	}
	if c.shown != nil {
		if text, ok := c.shown.Append(dst, rec, false); ok {
			return text
		}
	}
	if c.typ.Kind != decode.String && c.typ.Kind != decode.Array {
		return c.field.AppendText(dst, rec)
	}
	b := c.field.Bytes(rec)
	switch {
	case b == nil:
		return append(dst, '?')
	case c.typ.Kind == decode.String:
		return decode.AppendPlain(dst, decode.CString(b))
	case isBytes(c.typ):
		return hex.AppendEncode(dst, b)
	}
	return appendArray(dst, c.typ, b)
}

// appendArray appends the array b without blanks.
func appendArray(dst []byte, t *decode.Type, b []byte) []byte {
	dst = append(dst, '[')
	for i := range t.Elements(b) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = t.Elem.AppendText(dst, b[i*t.Elem.Size:(i+1)*t.Elem.Size])
	}
	return append(dst, ']')
}

// appendDump appends b in hex, by words of four bytes, and in ASCII.
func appendDump(dst, b []byte) []byte {
	for i := 0; i < len(b); i += 4 {
		dst = append(hex.AppendEncode(dst, b[i:min(i+4, len(b))]), ' ')
	}
	dst = append(dst, '|')
	for _, c := range b {
		if c < ' ' || c > '~' {
			c = '.'
		}
		dst = append(dst, c)
	}
	return append(dst, '|')
}
