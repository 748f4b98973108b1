package output

import (
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// textSuffix is behind the name of a member that says what another one means.
const textSuffix = "_text"

// jsonForm is how values of one struct are written.
type jsonForm struct {
	*readable.Form
	stacks []*decode.Field // stack traces of which the functions are told
}

// appendMembers appends the members of rec, a value of the struct typ, with what they mean.
func (j *JSON) appendMembers(dst []byte, typ *decode.Type, rec []byte) []byte {
	form := j.forms[typ]
	if form == nil {
		form = &jsonForm{j.form(typ), j.traces.members(typ)}
		j.forms[typ] = form
	}
	if form.Form == nil {
		dst = typ.AppendJSONMembers(dst, rec)
	} else {
		dst = j.appendShown(dst, typ, form.Form, rec)
	}
	for _, f := range form.stacks {
		if !f.Absent(rec) {
			dst = append(append(append(dst, `,"`...), f.Name...), textSuffix+`":[`...)
			for i, frame := range j.traces.frames(typ, f, rec, true) {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = decode.AppendJSONString(dst, []byte(frame))
			}
			dst = append(dst, ']')
		}
	}
	return dst
}

func (j *JSON) appendShown(dst []byte, typ *decode.Type, form *readable.Form, rec []byte) []byte {
	start := len(dst)
	for i := range typ.Fields {
		f := &typ.Fields[i]
		if f.Absent(rec) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		if nested := form.Nested(i); nested != nil {
			dst = append(decode.AppendJSONString(dst, []byte(f.Name)), ":{"...)
			dst = append(j.appendShown(dst, f.Type, nested, f.Bytes(rec)), '}')
			continue
		}
		dst = f.AppendJSONMember(dst, rec)
		if r := form.Reading(i); r != nil && typ.Field(r.Name+textSuffix) == nil {
			var ok bool
			if j.text, ok = r.Append(j.text[:0], rec, true); ok {
				dst = append(dst, ',')
				dst = append(decode.AppendJSONString(dst, []byte(r.Name+textSuffix)), ':')
				dst = decode.AppendJSONString(dst, j.text)
			}
		}
	}
	return dst
}
