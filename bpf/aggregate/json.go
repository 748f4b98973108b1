package aggregate

import (
	"math"
	"strconv"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// AppendJSON appends the results in the order of Top: an object where there is no key, or else a list with an object an entry, which has the parts of
// the key by name and the result by the name of the kind, and in the bucket of all other keys "_other" instead of the key. Integers are exact;
// histograms are lists of buckets whose open ends are null.
//
//	[{"comm":"bash","count":3},{"_other":true,"count":9}]
func (a *Aggregation) AppendJSON(dst []byte) []byte {
	if a.KeyLen() == 0 {
		r, _ := a.Get(nil)
		return append(a.appendJSONResult(append(dst, '{'), r), '}')
	}
	names := a.KeyNames()
	dst = append(dst, '[')
	for i, e := range a.Top(-1) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		for j, v := range e.Key {
			dst = append(decode.AppendJSONString(dst, []byte(names[j])), ':')
			dst = append(v.appendJSON(dst), ',')
		}
		dst = append(a.appendJSONResult(dst, e.Result), '}')
	}
	if r, ok := a.Other(); ok {
		if a.Len() > 0 {
			dst = append(dst, ',')
		}
		dst = append(a.appendJSONResult(append(dst, `{"_other":true,`...), r), '}')
	}
	return append(dst, ']')
}

func (v Value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case absent:
		return append(dst, "null"...)
	case boolean:
		return strconv.AppendBool(dst, v.number.bits != 0)
	case textual:
		return decode.AppendJSONString(dst, []byte(v.text))
	case data:
		if v.typ == nil {
			return decode.AppendJSONString(dst, []byte(v.text))
		}
		return v.typ.AppendJSON(dst, []byte(v.text))
	}
	if v.typ != nil && v.typ.Kind == decode.Enum {
		if name := v.typ.Enumerator(v.number.bits); name != "" {
			return decode.AppendJSONString(dst, []byte(name))
		}
	}
	return v.number.appendJSON(dst)
}

// appendJSON appends n, or null where JSON has no such number.
func (n Number) appendJSON(dst []byte) []byte {
	if f := n.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return n.AppendText(dst)
}

// appendJSONResult appends the members of an object that tell r.
func (a *Aggregation) appendJSONResult(dst []byte, r Result) []byte {
	member := func(name string, n Number) {
		dst = n.appendJSON(append(strconv.AppendQuote(dst, name), ':'))
	}
	switch a.Kind {
	case Hist, Linear:
		member("count", r.Number)
		dst = append(dst, `,"buckets":[`...)
		for i, b := range r.Buckets {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, '{')
			member("from", Float(b.Low))
			dst = append(dst, ',')
			member("to", Float(b.High))
			dst = append(dst, ',')
			member("count", Uint(b.Count))
			dst = append(dst, '}')
		}
		return append(dst, ']')
	case Quantiles:
		member("count", r.Number)
		if r.Values > 0 {
			dst = append(dst, ',')
			member("min", r.Min)
			for _, q := range r.Quantiles {
				dst = append(dst, ',')
				member(ShareName(q.Share), Float(q.Value))
			}
			dst = append(dst, ',')
			member("max", r.Max)
		}
		return dst
	}
	if r.Values == 0 && (a.Kind == Avg || a.Kind == Min || a.Kind == Max) {
		r.Number = Float(math.NaN())
	}
	member(a.Kind.String(), r.Number)
	return dst
}
