package output

import (
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

var (
	u8   = &btf.Int{Name: "__u8", Size: 1}
	u16  = &btf.Int{Name: "__u16", Size: 2}
	u32  = &btf.Int{Name: "__u32", Size: 4}
	s32  = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	u64  = &btf.Int{Name: "__u64", Size: 8}
	char = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
)

func array(t btf.Type, n uint32) *btf.Array { return &btf.Array{Type: t, Nelems: n} }

// packed returns a struct of members without holes.
func packed(t testing.TB, name string, members ...btf.Member) *btf.Struct {
	t.Helper()
	s := &btf.Struct{Name: name, Members: members}
	for i := range members {
		n, err := btf.Sizeof(members[i].Type)
		if err != nil {
			t.Fatal(err)
		}
		members[i].Offset = btf.Bits(8 * s.Size)
		s.Size += uint32(n)
	}
	return s
}

func typeOf(t testing.TB, typ btf.Type) *decode.Type {
	t.Helper()
	l, err := decode.New(typ)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// encode joins values: numbers as the machine stores them, strings as they are, filled up with text.
func encode(t testing.TB, values ...any) []byte {
	t.Helper()
	var b []byte
	for _, v := range values {
		var err error
		switch v := v.(type) {
		case text:
			b = append(b, v.s...)
			b = append(b, make([]byte, v.n-len(v.s))...)
		default:
			if b, err = binary.Append(b, binary.NativeEndian, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

// text is a char[n].
type text struct {
	s string
	n int
}

// sample is a type with records.
type sample struct {
	name    string
	typ     *decode.Type
	records [][]byte
}

func samples(t testing.TB) []sample {
	verdict := &btf.Enum{Name: "verdict", Size: 4, Values: []btf.EnumValue{{Name: "ALLOW", Value: 0}, {Name: "DENY", Value: 1}}}
	yes := &btf.Int{Name: "_Bool", Size: 1, Encoding: btf.Bool}
	open := typeOf(t, packed(t, "open",
		btf.Member{Name: "ts", Type: u64},
		btf.Member{Name: "pid", Type: u32},
		btf.Member{Name: "uid", Type: u32},
		btf.Member{Name: "ret", Type: s32},
		btf.Member{Name: "comm", Type: array(char, 16)},
		btf.Member{Name: "filename", Type: array(char, 256)},
	))
	addr := packed(t, "addr", btf.Member{Name: "ip", Type: array(u8, 4)}, btf.Member{Name: "port", Type: u16})
	conn := typeOf(t, packed(t, "conn",
		btf.Member{Name: "comm", Type: array(char, 16)},
		btf.Member{Name: "src", Type: addr},
		btf.Member{Name: "dst", Type: addr},
		btf.Member{Name: "verdict", Type: verdict},
		btf.Member{Name: "sk", Type: &btf.Pointer{Target: u8}},
		btf.Member{Name: "marked", Type: yes},
		btf.Member{Name: "rtt", Type: &btf.Float{Name: "double", Size: 8}},
		btf.Member{Name: "marks", Type: array(u16, 3)},
	))
	exec := typeOf(t, packed(t, "exec",
		btf.Member{Name: "args", Type: array(char, 128)},
		btf.Member{Name: "pid", Type: u32},
	))
	return []sample{
		{"open", open, [][]byte{
			encode(t, uint64(5_000_000_001), uint32(71), uint32(0), int32(3), text{"bash", 16}, text{"/etc/passwd", 256}),
			encode(t, uint64(93_500_000_001_002), uint32(4194303), uint32(4294967295), int32(-13), text{"0123456789abcdef", 16},
				text{"/usr/share/locale/de_DE.UTF-8/LC_MESSAGES/coreutils-of-a-very-long-name-indeed/and/more/and/more.mo", 256}),
			encode(t, uint64(93_500_000_002_002), uint32(9), uint32(0), int32(0), text{"größe", 16}, text{"/tmp/日本語のファイル名はとても長いです/テスト\n\x1b[31m.txt", 256}),
			encode(t, uint64(18446744073709551615), uint32(9), uint32(0), int32(-2147483648), text{"", 16}, text{"", 256}),
			encode(t, uint64(1), uint32(10), uint32(0), int32(0), text{"cut short", 16}, text{"/x", 2}),
			encode(t, uint64(1), uint32(10)),
		}},
		{"conn", conn, [][]byte{
			encode(t, text{"curl", 16}, [4]uint8{10, 0, 0, 1}, uint16(40000), [4]uint8{192, 168, 1, 254}, uint16(443), uint32(1),
				uint64(0xffff888012345678), true, 0.25, [3]uint16{1, 22, 65535}),
			encode(t, text{"sshd", 16}, [4]uint8{127, 0, 0, 1}, uint16(22), [4]uint8{127, 0, 0, 1}, uint16(9), uint32(7),
				uint64(0), false, 1e300, [3]uint16{}),
		}},
		{"exec", exec, [][]byte{
			encode(t, text{"ls", 128}, uint32(12)),
			encode(t, text{"clang -O2 -g -target bpf -c tool.bpf.c -o tool.bpf.o -Wall -Werror -I /usr/include", 128}, uint32(13)),
		}},
		{"number", typeOf(t, u32), [][]byte{encode(t, uint32(42)), encode(t, uint32(4294967295))}},
		{"unknown", nil, [][]byte{[]byte("\x01\x02\x03\x04bash\x00"), {}, []byte("a much longer record, of which a terminal shows only the start")}},
	}
}
