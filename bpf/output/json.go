package output

import (
	"bytes"
	"encoding/hex"
	"io"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// JSON prints one object a line, as [decode.Type.AppendJSON] writes it. An event has the
// members that its struct has, and before them "_stream" and "_type" where its
// [Tag] says so, so that `jq 'select(._stream == "opens")'` tells events apart. A record whose type is unknown has
// its bytes as hex digits in "_raw"; a value that is no struct is in "_value".
//
// Where package readable has more to say than the value itself, that stands behind it: "saddr":16777343,"saddr_text":"127.0.0.1". With
// [RawValues] it does not. So do the functions of a stack trace with [StackNames]: "kstack":[...],"kstack_text":["schedule+0x23",...].
type JSON struct {
	buffer
	options
	forms  map[*decode.Type]*jsonForm
	text   []byte // of one reading
	tag    Tag
	prefix []byte // of lines with tag: its members, each with a comma behind
}

// NewJSON prints one object a line to w.
func NewJSON(w io.Writer, opts ...Option) *JSON {
	return &JSON{buffer: buffer{w: w}, options: optionsOf(opts), forms: make(map[*decode.Type]*jsonForm)}
}

// Write prints the records of b.
func (j *JSON) Write(b *bpf.Batch) error { return writeBatch(j, b) }

// WriteRecord prints the record rec, of which nothing is kept. typ is nil when it is unknown.
func (j *JSON) WriteRecord(tag Tag, typ *decode.Type, rec []byte) error {
	if j.err != nil {
		return j.err
	}
	if tag != j.tag {
		j.setTag(tag)
	}
	line := append(append(j.lines, '{'), j.prefix...)
	switch {
	case typ == nil:
		line = append(line, `"_raw":"`...)
		line = append(hex.AppendEncode(line, rec), '"')
	case typ.Kind == decode.Struct, typ.Kind == decode.Union:
		line = j.appendMembers(line, typ, rec)
		// A record may be so short that it has no member to follow the prefix.
		line = bytes.TrimSuffix(line, []byte{','})
	default:
		line = append(line, `"_value":`...)
		line = typ.AppendJSON(line, rec)
	}
	j.lines = append(line, '}', '\n')
	return j.lineDone()
}

// setTag prepares the prefix of further lines.
func (j *JSON) setTag(tag Tag) {
	j.tag, j.prefix = tag, nil
	if tag.Stream != "" {
		j.prefix = append(j.prefix, `"_stream":`...)
		j.prefix = append(decode.AppendJSONString(j.prefix, []byte(tag.Stream)), ',')
	}
	if tag.Type != "" {
		j.prefix = append(j.prefix, `"_type":`...)
		j.prefix = append(decode.AppendJSONString(j.prefix, []byte(tag.Type)), ',')
	}
}
