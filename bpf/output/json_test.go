package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

func TestJSON(t *testing.T) {
	all := samples(t)
	open, exec, number := all[0], all[2], all[3]
	odd := typeOf(t, packed(t, "odd", btf.Member{Name: "n", Type: u64}))
	tests := []struct {
		name   string
		tag    Tag
		sample sample
		record int
		want   string
	}{
		{"event", Tag{}, open, 1,
			`{"ts":93500000001002,"pid":4194303,"uid":4294967295,"ret":-13,"comm":"0123456789abcdef",` +
				`"filename":"/usr/share/locale/de_DE.UTF-8/LC_MESSAGES/coreutils-of-a-very-long-name-indeed/and/more/and/more.mo"}`},
		{"truncated", Tag{}, open, 5, `{"ts":1,"pid":10}`},
		{"stream", Tag{Stream: "execs"}, exec, 0, `{"_stream":"execs","args":"ls","pid":12}`},
		{"stream and type", Tag{Stream: "e", Type: "struct exec"}, exec, 0,
			`{"_stream":"e","_type":"struct exec","args":"ls","pid":12}`},
		{"type", Tag{Type: `a"b`}, exec, 0, `{"_type":"a\"b","args":"ls","pid":12}`},
		{"number", Tag{}, number, 1, `{"_value":4294967295}`},
		{"tagged number", Tag{Stream: "n"}, number, 0, `{"_stream":"n","_value":42}`},
		{"unknown", Tag{}, all[4], 0, `{"_raw":"010203046261736800"}`},
		{"unknown and empty", Tag{Stream: "u"}, all[4], 1, `{"_stream":"u","_raw":""}`},
		{"too short", Tag{}, sample{typ: odd, records: [][]byte{{1}}}, 0, `{}`},
		{"tagged and too short", Tag{Stream: "o"}, sample{typ: odd, records: [][]byte{{1}}}, 0, `{"_stream":"o"}`},
	}
	var out bytes.Buffer
	sink := NewJSON(&out, RawValues()) // one for all: tags come and go
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out.Reset()
			if err := sink.WriteRecord(tt.tag, tt.sample.typ, tt.sample.records[tt.record]); err != nil {
				t.Fatal(err)
			}
			if err := sink.Flush(); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != tt.want+"\n" {
				t.Errorf("got %swant %s", got, tt.want)
			}
		})
	}
}

// Whatever the bytes, a record is one line: a JSON object, and a row of a table that takes
// no other line of the terminal.
func FuzzOneLine(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\n\x1b[31m\"\\,}\xff\xe2\x80\xae"), uint8(40), "events")
	f.Add(make([]byte, 300), uint8(0), "")
	f.Fuzz(func(t *testing.T, rec []byte, width uint8, stream string) {
		for _, s := range samples(t) {
			var out bytes.Buffer
			sink := NewJSON(&out, RawValues())
			for range 2 {
				if err := sink.WriteRecord(Tag{Stream: stream}, s.typ, rec); err != nil {
					t.Fatal(err)
				}
			}
			if err := sink.Flush(); err != nil {
				t.Fatal(err)
			}
			n := 0
			for line := range strings.Lines(out.String()) {
				if n++; !json.Valid([]byte(line)) || line[0] != '{' {
					t.Errorf("no JSON object: %q", line)
				}
			}
			if n != 2 {
				t.Errorf("%d lines of JSON for 2 records", n)
			}

			out.Reset()
			table := NewTable(&out, int(width))
			for range 2 {
				if err := table.WriteRecord(Tag{Stream: stream}, s.typ, rec); err != nil {
					t.Fatal(err)
				}
			}
			if err := table.Flush(); err != nil {
				t.Fatal(err)
			}
			want := 3 // titles and rows
			if stream != "" {
				want++
			}
			text := out.String()
			if n := strings.Count(text, "\n"); n != want {
				t.Errorf("%d lines, want %d: %q", n, want, text)
			}
			if strings.ContainsAny(text, "\r\x1b\u009b\u202e") {
				t.Errorf("controls the terminal: %q", text)
			}
		}
	})
}
