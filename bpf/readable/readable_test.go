package readable

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

var (
	u8     = &btf.Int{Name: "__u8", Size: 1}
	u16    = &btf.Int{Name: "__u16", Size: 2}
	u32    = &btf.Int{Name: "__u32", Size: 4}
	s32    = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	u64    = &btf.Int{Name: "__u64", Size: 8}
	s64    = &btf.Int{Name: "__s64", Size: 8, Encoding: btf.Signed}
	char   = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	u128   = &btf.Int{Name: "unsigned __int128", Size: 16}
	be16   = &btf.Typedef{Name: "__be16", Type: u16}
	be32   = &btf.Typedef{Name: "__be32", Type: u32}
	inAddr = &btf.Struct{Name: "in_addr", Size: 4, Members: []btf.Member{{Name: "s_addr", Type: be32}}}
	in6    = &btf.Struct{Name: "in6_addr", Size: 16, Members: []btf.Member{{Name: "bytes", Type: array(u8, 16)}}}
)

func array(t btf.Type, n uint32) *btf.Array { return &btf.Array{Type: t, Nelems: n} }

// member is a member of a struct with its value: a number, text, or bytes.
type member struct {
	name  string
	typ   btf.Type
	value any
}

// packed returns the layout of a struct of members, and its bytes.
func packed(t *testing.T, members []member) (*decode.Type, []byte) {
	t.Helper()
	s := &btf.Struct{Name: "event"}
	var rec []byte
	for _, m := range members {
		size, err := btf.Sizeof(m.typ)
		if err != nil {
			t.Fatal(err)
		}
		s.Members = append(s.Members, btf.Member{Name: m.name, Type: m.typ, Offset: btf.Bits(8 * s.Size)})
		s.Size += uint32(size)
		b := make([]byte, size)
		switch v := m.value.(type) {
		case nil:
		case int:
			var all [8]byte
			binary.NativeEndian.PutUint64(all[:], uint64(v))
			if size < 8 && binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
				copy(b, all[8-size:])
			} else {
				copy(b, all[:])
			}
		case string:
			copy(b, v)
		case []byte:
			copy(b, v)
		}
		rec = append(rec, b...)
	}
	typ, err := decode.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return typ, rec
}

func ip(text string) []byte { return netip.MustParseAddr(text).AsSlice() }

// arms is an anonymous union of a member for each family.
func arms(v4, v6 string, wide btf.Type) btf.Type {
	return &btf.Union{Size: 16, Members: []btf.Member{{Name: v4, Type: u32}, {Name: v6, Type: wide}}}
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		name    string
		members []member
		want    string
	}{
		// As the events of libbpf-tools have them.
		{"tcpconnect over IPv4", []member{{"", arms("saddr_v4", "saddr_v6", array(u8, 16)), ip("10.0.0.1")}, {"af", u32, unix.AF_INET}},
			"{saddr=10.0.0.1, af=AF_INET}"},
		{"tcpconnect over IPv6", []member{{"", arms("saddr_v4", "saddr_v6", array(u8, 16)), ip("2001:db8::1")}, {"af", u32, unix.AF_INET6}},
			"{saddr=2001:db8::1, af=AF_INET6}"},
		{"tcptracer", []member{{"", arms("daddr_v4", "daddr_v6", u128), ip("::1")}, {"af", u32, unix.AF_INET6}}, "{daddr=::1, af=AF_INET6}"},
		{"tcplife", []member{{"saddr", u128, ip("10.0.0.1")}, {"daddr", u128, ip("10.0.0.2")}, {"family", u16, unix.AF_INET}},
			"{saddr=10.0.0.1, daddr=10.0.0.2, family=AF_INET}"},
		{"tcppktlat", []member{{"saddr", array(u32, 4), ip("fe80::1")}, {"family", u16, unix.AF_INET6}}, "{saddr=fe80::1, family=AF_INET6}"},
		{"bindsnoop", []member{{"addr", array(u8, 16), ip("0.0.0.0")}, {"ver", u8, 4}, {"port", u16, 80}}, "{addr=0.0.0.0, ver=4, port=80}"},
		{"bindsnoop over IPv6", []member{{"addr", array(u8, 16), nil}, {"ver", u8, 6}}, "{addr=::, ver=6}"},

		{"families apart", []member{{"saddr_v4", u32, nil}, {"saddr_v6", array(u8, 16), ip("::1")}}, "{saddr=::1}"},
		{"families apart, IPv4", []member{{"saddr4", u32, ip("1.2.3.4")}, {"saddr6", in6, nil}}, "{saddr=1.2.3.4}"},
		{"no family told", []member{{"daddr", array(u8, 16), ip("1.2.3.4")}}, "{daddr=1.2.3.4}"},
		{"key of a map", []member{{"key", be32, ip("1.2.3.4")}, {"value", be32, []byte{0, 0, 0, 9}}}, "{key=1.2.3.4, value=9}"},
		{"by type", []member{{"src", be32, ip("1.2.3.4")}, {"dport", be16, []byte{0x01, 0xbb}}, {"seq", be32, []byte{0, 0, 1, 0}}},
			"{src=1.2.3.4, dport=443, seq=256}"},
		{"structs", []member{{"who", inAddr, ip("1.2.3.4")}, {"whom", in6, ip("::1")}}, "{who=1.2.3.4, whom=::1}"},
		{"ports of the host", []member{{"dport", u16, 443}}, "{dport=443}"},
		{"no addresses", []member{{"ip", u64, 5}, {"ip_len", u32, 5}, {"addr", u32, 5}, {"saddr", u16, 5}, {"daddr", array(u16, 3), nil}},
			"{ip=5, ip_len=5, addr=5, saddr=5, daddr=[0, 0, 0]}"},
		{"hardware", []member{{"smac", array(u8, 6), []byte{0x52, 0x54, 0, 0xab, 0xcd, 0xef}}}, "{smac=52:54:00:ab:cd:ef}"},

		{"failed", []member{{"ret", s32, -2}}, "{ret=-ENOENT}"},
		{"failed, 64 bits", []member{{"ret", s64, -13}}, "{ret=-EACCES}"},
		{"a descriptor", []member{{"ret", s32, 2}}, "{ret=2}"},
		{"no error number", []member{{"ret", s32, -100000}, {"res", s32, -4000}}, "{ret=-100000, res=-4000}"},
		{"an address that ret holds", []member{{"ret", u64, -2}}, "{ret=18446744073709551614}"},
		{"errno", []member{{"errno", s32, 2}, {"err", u32, -22}, {"error", s32, 0}}, "{errno=ENOENT, err=-EINVAL, error=0}"},
		{"syscall", []member{{"syscall_nr", u32, unix.SYS_OPENAT}, {"nr", u32, 1}}, "{syscall_nr=openat, nr=1}"},
		{"no syscall", []member{{"syscall", s32, -1}}, "{syscall=-1}"},

		{"device", []member{{"dev", u32, 1<<20 | 3}, {"major", &btf.Typedef{Name: "dev_t", Type: u32}, 1<<20 | 3}}, "{dev=null, major=null}"},
		{"no device", []member{{"dev", u32, 3}, {"DEV", u64, 1<<20 | 3}}, "{dev=3, DEV=1048579}"},
		{"signals", []member{{"sig", s32, 15}, {"signal", u32, 35}, {"signo", s32, 0}, {"exit_signal", u64, 9}}, "{sig=SIGTERM, signal=SIGRTMIN+1, signo=0, exit_signal=9}"},
		{"states of a socket", []member{{"dport", u16, 80}, {"oldstate", s32, 7}, {"newstate", s32, 2}, {"state", u8, 99}, {"protocol", u16, 6}},
			"{dport=80, oldstate=CLOSE, newstate=SYN_SENT, state=99, protocol=TCP}"},
		{"states of others", []member{{"state", s32, 1}, {"proto", u8, 6}}, "{state=1, proto=6}"},
		{"capability", []member{{"cap", s32, 21}, {"cap_opt", s32, 2}}, "{cap=CAP_SYS_ADMIN, cap_opt=2}"},
		{"a capacity", []member{{"len", u32, 3}, {"cap", u32, 4}}, "{len=3, cap=4}"},
		{"no capability", []member{{"cap", s32, -1}, {"capability", u32, 1000}}, "{cap=-1, capability=1000}"},
		{"soft interrupts", []member{{"vec_nr", u32, 3}, {"vec", u32, 10}}, "{vec_nr=NET_RX, vec=10}"},
		{"folders", []member{{"dirfd", s32, -100}, {"from_dfd", u32, -100}, {"dfd", s32, 3}}, "{dirfd=AT_FDCWD, from_dfd=AT_FDCWD, dfd=3}"},
		{"pointers", []member{{"skaddr", u64, -0x77fffb04a580}, {"data_ptr", u64, 16}, {"address", u64, 0}, {"ptr", u32, 16}}, "{skaddr=0xffff880004fb5a80, data_ptr=0x10, address=0, ptr=16}"},
		{"no request", []member{{"cmd_flags", u32, 0}}, "{cmd_flags=0}"},
		{"request", []member{{"sector", u64, 8}, {"cmd_flags", u32, 0}, {"CMD_FLAGS", u32, 2 | 1<<18}, {"op", &btf.Typedef{Name: "blk_opf_t", Type: u32}, 1 | 1<<11 | 1<<12 | 1<<17 | 1<<18 | 1<<19}, {"Cmd_flags", u64, 1}},
			"{sector=8, cmd_flags=R, CMD_FLAGS=FF, op=FWFASM, Cmd_flags=1}"},

		{"duration", []member{{"delta_us", u64, 1500}, {"lat_ns", u32, 12}, {"delta", u64, 7}}, "{delta_us=1.5ms, lat_ns=12ns, delta=7}"},
		{"moments that are none", []member{{"ts", u64, -1}, {"start_time", u64, 4_000_000_000_000_000_000}, {"end", u64, 5}, {"time", u64, 5}},
			"{ts=18446744073709551615, start_time=4000000000000000000, end=5, time=5}"},
		{"text in bytes", []member{{"comm", array(u8, 16), "ba\nsh"}, {"data", array(u8, 2), "ab"}}, `{comm=ba\nsh, data=[97, 98]}`},
		{"arguments", []member{{"args_size", u32, 8}, {"args", array(char, 16), "ls\x00-la\x00x\x00leftover"}}, "{args_size=8, args=ls -la x}"},
		{"arguments without a size", []member{{"argv", array(char, 16), "ls\x00-la\x00\x00old"}}, "{argv=ls -la}"},
		{"one argument", []member{{"args", array(char, 16), "ls"}}, `{args="ls"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			typ, rec := packed(t, test.members)
			if got := string(AppendText(nil, typ, Of(typ), rec)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			// A record that was cut short is shown as far as it goes.
			for n := range rec {
				AppendText(nil, typ, Of(typ), rec[:n])
			}
		})
	}
}

func TestMoment(t *testing.T) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	for name, unit := range map[string]time.Duration{"ts": 1, "start_time": 1, "exit_us": time.Microsecond, "ts_us": time.Microsecond, "timestamp_ns": 1} {
		typ, rec := packed(t, []member{{name, u64, int(time.Duration(now.Nano()) / unit)}})
		text, ok := Of(typ).Reading(0).Append(nil, rec, true)
		if !ok {
			t.Errorf("%s: %d is no moment", name, rec)
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, string(text))
		if err != nil {
			t.Error(err)
		}
		if off := time.Since(at).Abs(); off > time.Hour {
			t.Errorf("%s: %v is %v from now", name, at, off)
		}
	}
}

func TestMomentsFormat(t *testing.T) {
	var short, long moments
	start := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	for _, off := range []time.Duration{0, 1, 999_999_999, time.Second, 61*time.Second + 5, 0, 24 * time.Hour} {
		at := start.Add(off)
		if got, want := string(short.append(nil, at, "15:04:05.", 6, "")), at.Format("15:04:05.000000"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, want := string(long.append(nil, at, "2006-01-02T15:04:05.", 9, "Z07:00")), at.Format("2006-01-02T15:04:05.000000000Z07:00"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Of a union whose members an enum names only that is shown which the record holds.
func TestArms(t *testing.T) {
	ops := &btf.Enum{Name: "op", Size: 4, Values: []btf.EnumValue{{Name: "OP_MIN"}, {Name: "MOUNT", Value: 1}, {Name: "UMOUNT", Value: 2}}}
	arm := func(name, field string, typ btf.Type) btf.Member {
		return btf.Member{Name: name, Type: &btf.Struct{Name: name, Size: 8, Members: []btf.Member{{Name: field, Type: typ}}}}
	}
	union := &btf.Union{Size: 8, Members: []btf.Member{arm("mount", "fs", array(char, 8)), arm("umount", "flags", u64)}}
	for op, want := range map[int]string{1: `{op=MOUNT, mount={fs="a"}}`, 2: "{op=UMOUNT, umount={flags=97}}", 0: "{op=OP_MIN}"} {
		typ, rec := packed(t, []member{{"op", ops, op}, {"", union, "a"}})
		if got := string(AppendText(nil, typ, Of(typ), rec)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	unnamed := &btf.Union{Size: 8, Members: []btf.Member{arm("mount", "fs", array(char, 8)), arm("other", "flags", u64)}}
	typ, rec := packed(t, []member{{"op", ops, 1}, {"", unnamed, "a"}})
	if got, want := string(AppendText(nil, typ, Of(typ), rec)), `{op=MOUNT, mount={fs="a"}, other={flags=97}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Types where nothing is to be said cost nothing.
func TestNothingToSay(t *testing.T) {
	typ, _ := packed(t, []member{{"pid", u32, 1}, {"comm", array(char, 16), ""}, {"bytes", u64, 1}})
	if Of(typ) != nil {
		t.Error("there is a Form")
	}
	var none *Form
	if none.Reading(0) != nil || none.Hidden(0) || none.Nested(0) != nil {
		t.Error("no Form shows something")
	}
}

// FuzzReadings checks that no record makes a reading fail or print what is no line of text.
func FuzzReadings(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00 some bytes of a record, enough for a few members of it all, and then some more of them"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, rec []byte) {
		typ, _ := packed(t, []member{
			{"af", u32, nil}, {"", arms("saddr_v4", "saddr_v6", array(u8, 16)), nil}, {"ret", s32, nil}, {"err", u32, nil}, {"syscall", s64, nil},
			{"ts", u64, nil}, {"delta_ms", u64, nil}, {"comm", array(u8, 8), nil}, {"port", be16, nil}, {"args_size", u32, nil}, {"args", array(char, 0), nil},
		})
		text := AppendText(nil, typ, Of(typ), rec)
		if strings.ContainsAny(string(text), "\n\x00\x1b") {
			t.Errorf("%q is no line", text)
		}
	})
}
