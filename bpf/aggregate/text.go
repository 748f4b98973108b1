package aggregate

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/output"
)

// AppendText appends what people are to see: a table with a row a key, the greatest first, or a histogram for each key, and in the
// end the bucket of all other keys, if there are any. limit is how many keys are shown at most, the others of which only the number is told; -1: all. width is
// the terminal's in columns, 0 for none.
func (a *Aggregation) AppendText(dst []byte, width, limit int) []byte {
	entries := a.Top(limit)
	left := a.Len() - len(entries)
	if r, ok := a.Other(); ok {
		entries = append(entries, Entry{Result: r})
	}
	switch {
	case a.Kind == Hist || a.Kind == Linear:
		dst = a.appendHistograms(dst, entries, width)
	case a.KeyLen() == 0 && a.Kind != Quantiles:
		if len(entries) == 0 {
			entries = []Entry{{}}
		}
		return append(a.appendResult(dst, entries[0].Result, true), '\n')
	default:
		dst = a.appendTable(dst, entries, width)
	}
	if left > 0 {
		dst = append(strconv.AppendInt(append(dst, '('), int64(left), 10), " more)\n"...)
	}
	return dst
}

// KeyNames returns what the parts of a key are called.
func (a *Aggregation) KeyNames() []string {
	names := slices.Clone(a.By)
	for len(names) < a.KeyLen() {
		name := "key"
		if a.KeyLen() > 1 {
			name += strconv.Itoa(len(names) + 1)
		}
		names = append(names, name)
	}
	return names
}

// heading returns what stands above results that need more than a column: delta_ns (us).
func (a *Aggregation) heading() string {
	if a.Of != "" && a.Unit != "" {
		return a.Of + " (" + a.Unit + ")"
	}
	return strings.TrimSpace(a.Of + " " + a.Unit)
}

// valueTitle returns what the results are called in a table: SUM(BYTES).
func (a *Aggregation) valueTitle(kind string) string {
	title := kind
	if a.Of != "" {
		title += "(" + a.Of + ")"
	}
	if title = strings.ToUpper(title); a.Unit != "" {
		title += " " + a.Unit
	}
	return title
}

func (a *Aggregation) appendTable(dst []byte, entries []Entry, width int) []byte {
	var g output.Grid
	for i, name := range a.KeyNames() {
		g.Columns = append(g.Columns, output.GridColumn{Title: strings.ToUpper(name), Right: a.isNumberColumn(entries, i)})
	}
	if a.Kind != Quantiles {
		g.Columns = append(g.Columns, output.GridColumn{Title: a.valueTitle(a.Kind.String()), Right: true})
	} else {
		titles := []string{"min"}
		for _, s := range a.Shares {
			titles = append(titles, ShareName(s))
		}
		g.Columns = append(g.Columns, output.GridColumn{Title: "COUNT", Right: true})
		for _, title := range append(titles, "max") {
			if title = strings.ToUpper(title); a.Of == "" {
				title = strings.TrimSpace(title + " " + a.Unit)
			}
			g.Columns = append(g.Columns, output.GridColumn{Title: title, Right: true})
		}
		if a.Of != "" { // which once for all columns is enough
			dst = append(decode.AppendPlain(dst, []byte(a.heading())), ":\n"...)
		}
	}
	for _, e := range entries {
		var row []string
		for i := range a.KeyLen() {
			switch {
			case e.Key != nil:
				row = append(row, string(a.appendValue(nil, i, e.Key[i])))
			case i == 0:
				row = append(row, otherName)
			default:
				row = append(row, "")
			}
		}
		row = append(row, string(a.appendResult(nil, e.Result, false)))
		if a.Kind == Quantiles {
			row = append(row, e.Min.Short())
			for _, q := range e.Quantiles {
				row = append(row, quantileText(q.Value))
			}
			row = append(row, e.Max.Short())
		}
		g.Rows = append(g.Rows, row)
	}
	return g.Append(dst, width)
}

// otherName stands in the place of a key for the bucket of all others.
const otherName = "(other)"

// isNumberColumn reports whether part i of all keys is a number that is shown as one.
func (a *Aggregation) isNumberColumn(entries []Entry, i int) bool {
	if a.shown[i].reading != nil {
		return a.shown[i].reading.Number
	}
	if t := a.columns[i]; t != nil && t.Kind == decode.Enum {
		return false
	}
	return !slices.ContainsFunc(entries, func(e Entry) bool { return e.Key != nil && e.Key[i].kind != numeric })
}

// ShareName returns how a quantile is called: p50, p99.9.
func ShareName(share float64) string { return "p" + strconv.FormatFloat(share*100, 'g', 10, 64) }

func (a *Aggregation) appendHistograms(dst []byte, entries []Entry, width int) []byte {
	title := a.heading()
	for i, e := range entries {
		if i > 0 {
			dst = append(dst, '\n')
		}
		heading := title
		switch {
		case e.Key == nil:
			heading = strings.TrimSpace(otherName + " " + title)
		case len(e.Key) > 0:
			heading = strings.TrimSpace("[" + a.KeyText(e.Key) + "] " + title) // as bpftrace has it
		}
		if heading != "" {
			dst = append(decode.AppendPlain(dst, []byte(heading)), ":\n"...)
		}
		bars := make([]output.Bar, len(e.Buckets))
		for j, b := range e.Buckets {
			bars[j] = output.Bar{Label: output.BucketLabel(b.Low, b.High, a.Kind == Hist), Text: strconv.FormatUint(b.Count, 10), Value: float64(b.Count)}
		}
		dst = output.AppendBars(dst, bars, width)
	}
	return dst
}

// KeyText returns a key as people read it: its parts, with commas between them.
func (a *Aggregation) KeyText(key []Value) string {
	var text []byte
	for i, v := range key {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = a.appendValue(text, i, v)
	}
	return string(text)
}

// appendValue appends part i of a key: as package readable shows the field, if it does, or as package decode does.
func (a *Aggregation) appendValue(dst []byte, i int, v Value) []byte {
	switch v.kind {
	case absent:
		return append(dst, '?')
	case boolean:
		return strconv.AppendBool(dst, v.number.bits != 0)
	case textual:
		return append(dst, v.text...)
	}
	if s := a.shown[i]; s.reading != nil {
		if text, ok := s.reading.Append(dst, s.record(v), true); ok {
			return text
		}
	}
	switch {
	case v.kind == data && v.typ == nil:
		return decode.AppendPlain(dst, []byte(v.text))
	case v.kind == data:
		return v.typ.AppendText(dst, []byte(v.text))
	case v.typ != nil && v.typ.Kind == decode.Pointer && v.number.kind == unsigned:
		return append(append(dst, "0x"...), strconv.FormatUint(v.number.bits, 16)...)
	case v.typ != nil && v.typ.Kind == decode.Enum:
		if name := v.typ.Enumerator(v.number.bits); name != "" {
			return append(dst, name...)
		}
	}
	return v.number.AppendText(dst)
}

// record returns a record that has nothing in it but the field: what it says is shown by that alone.
func (s shown) record(v Value) []byte {
	record := make([]byte, s.typ.Size)
	if v.kind == data {
		copy(record[s.field.Offset:], v.text)
		return record
	}
	at := record[s.field.Offset:]
	switch s.field.Type.Size {
	case 1:
		at[0] = byte(v.number.bits)
	case 2:
		binary.NativeEndian.PutUint16(at, uint16(v.number.bits))
	case 4:
		binary.NativeEndian.PutUint32(at, uint32(v.number.bits))
	case 8:
		binary.NativeEndian.PutUint64(at, v.number.bits)
	}
	return record
}

// appendResult appends the result of an entry. alone says that no title stands above it.
func (a *Aggregation) appendResult(dst []byte, r Result, alone bool) []byte {
	if r.Values == 0 && (a.Kind == Avg || a.Kind == Min || a.Kind == Max) {
		return append(dst, '-')
	}
	dst = append(dst, r.Number.Short()...)
	if alone && a.Unit != "" {
		dst = append(append(dst, ' '), a.Unit...)
	}
	return dst
}

// quantileText returns a quantile without decimals that its error makes noise.
func quantileText(v float64) string {
	if math.Abs(v) >= 100 && math.Abs(v) < 1e15 {
		v = math.Round(v)
	}
	return Float(v).Short()
}
