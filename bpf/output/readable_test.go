package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// connection is an event of the shape that tcpconnect of libbpf-tools has.
func connection(t testing.TB) (*decode.Type, [][]byte) {
	v4and6 := func(name string) btf.Member {
		return btf.Member{Type: &btf.Union{Size: 16, Members: []btf.Member{
			{Name: name + "_v4", Type: u32}, {Name: name + "_v6", Type: array(u8, 16)},
		}}}
	}
	typ := typeOf(t, packed(t, "event",
		v4and6("saddr"), v4and6("daddr"),
		btf.Member{Name: "af", Type: u32},
		btf.Member{Name: "ret", Type: s32},
		btf.Member{Name: "dport", Type: &btf.Typedef{Name: "__be16", Type: u16}},
		btf.Member{Name: "comm", Type: array(char, 16)},
	))
	return typ, [][]byte{
		encode(t, text{"\x0a\x00\x00\x01", 16}, text{"\x7f\x00\x00\x01", 16}, uint32(2), int32(0), [2]uint8{1, 0xbb}, text{"curl", 16}),
		encode(t, text{"\xfe\x80", 16}, text{"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 16}, uint32(10), int32(-111), [2]uint8{0, 80}, text{"wg\tet", 16}),
		encode(t, text{"\x0a\x00\x00\x01", 16}),
	}
}

func TestTableReadable(t *testing.T) {
	typ, records := connection(t)
	for name, opts := range map[string][]Option{"readable": nil, "raw": {RawValues()}} {
		var out bytes.Buffer
		table := NewTable(&out, 100, opts...)
		for _, rec := range records {
			if err := table.WriteRecord(Tag{}, typ, rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
		golden(t, "connection-"+name+".golden", out.Bytes())
	}
}

// JSON has what a value means beside the value, so that nothing is lost.
func TestJSONReadable(t *testing.T) {
	typ, records := connection(t)
	var out bytes.Buffer
	lines := NewJSON(&out)
	for _, rec := range records {
		if err := lines.WriteRecord(Tag{}, typ, rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Flush(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	golden(t, "connection-json.golden", out.Bytes())
}

// A member of a struct within the event has its meaning beside it too.
func TestJSONReadableNested(t *testing.T) {
	inner := packed(t, "end", btf.Member{Name: "ip", Type: array(u8, 4)}, btf.Member{Name: "port", Type: u16})
	typ := typeOf(t, packed(t, "event", btf.Member{Name: "src", Type: inner}, btf.Member{Name: "err", Type: s32}, btf.Member{Name: "err_text", Type: u32}))
	var out bytes.Buffer
	lines := NewJSON(&out)
	if err := lines.WriteRecord(Tag{}, typ, encode(t, [4]uint8{10, 0, 0, 1}, uint16(80), int32(2), uint32(7))); err != nil {
		t.Fatal(err)
	}
	if err := lines.Flush(); err != nil {
		t.Fatal(err)
	}
	// err_text is the event's own.
	if want := `{"src":{"ip":[10,0,0,1],"ip_text":"10.0.0.1","port":80},"err":2,"err_text":7}` + "\n"; out.String() != want {
		t.Errorf("got %swant %s", out.String(), want)
	}
}
