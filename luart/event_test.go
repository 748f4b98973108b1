package luart

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// sampleType is the struct whose C text is
//
//	struct sample {
//		__u32 pid; __s32 ret; __u64 cookie; __s64 delta;
//		enum verdict verdict; _Bool ok; __s8 small; __u16 low : 3, high : 13;
//		char comm[16];
//		struct { __u16 x, y; } at;
//		union { __u32 v4; __u8 bytes[4]; } addr;
//		__u32 list[3];
//		void *ptr; double ratio;
//		char type[8];
//	};
func sampleType(tb testing.TB) *decode.Type {
	tb.Helper()
	integer := func(name string, size uint32, encoding btf.IntEncoding) btf.Type {
		return &btf.Int{Name: name, Size: size, Encoding: encoding}
	}
	u8, u16, u32, u64 := integer("__u8", 1, 0), integer("__u16", 2, 0), integer("__u32", 4, 0), integer("__u64", 8, 0)
	char, boolean := integer("char", 1, btf.Signed), integer("_Bool", 1, btf.Bool)
	list := func(elem btf.Type, n uint32) btf.Type { return &btf.Array{Index: u32, Type: elem, Nelems: n} }
	text := func(n uint32) btf.Type { return list(char, n) }
	verdict := &btf.Enum{Name: "verdict", Size: 4, Values: []btf.EnumValue{{Name: "ALLOW", Value: 0}, {Name: "SECRET", Value: 7}}}
	point := &btf.Struct{Size: 4, Members: []btf.Member{{Name: "x", Type: u16}, {Name: "y", Type: u16, Offset: 16}}}
	addr := &btf.Union{Size: 4, Members: []btf.Member{{Name: "v4", Type: u32}, {Name: "bytes", Type: list(u8, 4)}}}

	s := &btf.Struct{Name: "sample", Size: 96}
	add := func(name string, offset int, t btf.Type) {
		s.Members = append(s.Members, btf.Member{Name: name, Type: t, Offset: btf.Bits(offset * 8)})
	}
	add("pid", 0, u32)
	add("ret", 4, integer("__s32", 4, btf.Signed))
	add("cookie", 8, u64)
	add("delta", 16, integer("__s64", 8, btf.Signed))
	add("verdict", 24, verdict)
	add("ok", 28, boolean)
	add("small", 29, integer("__s8", 1, btf.Signed))
	s.Members = append(s.Members,
		btf.Member{Name: "low", Type: u16, Offset: 30 * 8, BitfieldSize: 3},
		btf.Member{Name: "high", Type: u16, Offset: 30*8 + 3, BitfieldSize: 13})
	add("comm", 32, text(16))
	add("at", 48, point)
	add("addr", 52, addr)
	add("list", 56, list(u32, 3))
	add("ptr", 72, &btf.Pointer{Target: &btf.Void{}})
	add("ratio", 80, &btf.Float{Name: "double", Size: 8})
	add("type", 88, text(8))
	t, err := decode.New(s)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func sampleRecord() []byte {
	b := make([]byte, 96)
	le := binary.NativeEndian
	le.PutUint32(b[0:], 4_000_000)
	le.PutUint32(b[4:], uint32(math.MaxUint32-1)) // -2
	le.PutUint64(b[8:], math.MaxUint64-4)
	le.PutUint64(b[16:], 1<<63) // the smallest
	le.PutUint32(b[24:], 7)
	b[28], b[29] = 1, 0xff
	le.PutUint16(b[30:], 5|1000<<3)
	copy(b[32:], "bash\x00garbage")
	le.PutUint16(b[48:], 3)
	le.PutUint16(b[50:], 4)
	copy(b[52:], []byte{127, 0, 0, 1})
	for i := range uint32(3) {
		le.PutUint32(b[56+4*i:], 10*(i+1))
	}
	le.PutUint64(b[72:], 0xffff888012345678)
	le.PutUint64(b[80:], math.Float64bits(0.25))
	copy(b[88:], "file")
	return b
}

// runWithEvent runs an entry whose text is body, where event is a sample, and cut one that ends after the pid.
func runWithEvent(t *testing.T, body string) (string, error) {
	t.Helper()
	out := new(strings.Builder)
	s, err := loadText(t, "entry(function()\n"+body+"\nend)", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := s.values.layout(sampleType(t))
	record := sampleRecord()
	s.state.SetGlobal("event", s.values.event(l, record))
	s.state.SetGlobal("again", s.values.event(l, record))
	s.state.SetGlobal("cut", s.values.event(l, record[:62]))
	clear(record) // an event owns its bytes
	s.addEnumerators(map[string]int64{"ALLOW": 0, "SECRET": 7})
	err = s.Run(t.Context(), nil, RunOptions{Stdout: out})
	return out.String(), err
}

func TestEvent(t *testing.T) {
	const text = `{pid=4000000, ret=-2, cookie=18446744073709551611, delta=-9223372036854775808, verdict=SECRET, ok=true, ` +
		`small=-1, low=5, high=1000, comm="bash", at={x=3, y=4}, addr={v4=16777343, bytes=[127, 0, 0, 1]}, ` +
		`list=[10, 20, 30], ptr=0xffff888012345678, ratio=0.25, type="file"}`
	for _, test := range []struct{ name, script, want string }{
		{"numbers", `print(event.pid, event.ret, event.small, event.ratio)`, "4000000\t-2\t-1\t0.25"},
		{"64 bits", `print(event.cookie, event.delta, event.cookie == 18446744073709551611, event.cookie - event.pid > 2^53)`,
			"18446744073709551611\t-9223372036854775808\ttrue\ttrue"},
		{"pointer", `print(event.ptr:hex())`, "0xffff888012345678"},
		{"bits", `print(event.low, event.high)`, "5\t1000"},
		{"string", `print(event.comm, #event.comm)`, "bash\t4"},
		{"boolean", `print(event.ok, event.ok == true)`, "true\ttrue"},
		{"enum", `print(event.verdict, event.verdict == enum.SECRET, event:name("verdict"), enum.NOBODY)`, "7\ttrue\tSECRET\tnil"},
		{"struct", `print(event.at.x, event.at.y, event.at)`, "3\t4\t{x=3, y=4}"},
		{"union", `print(event.addr.v4, event.addr.bytes[1])`, "16777343\t127"},
		{"array", `print(event.list[1], event.list[3], event.list[0], event.list[4], event.list[1.5], #event.list, event.list)`,
			"10\t30\tnil\tnil\tnil\t3\t[10, 20, 30]"},
		{"ipairs", `for i, v in ipairs(event.list) do io.write(i, "=", v, " ") end print()`, "1=10 2=20 3=30"},
		{"pairs of an array", `for i, v in pairs(event.list) do io.write(i, "=", v, " ") end print()`, "1=10 2=20 3=30"},
		{"unpack", `print(unpack(event.list)) print(table.concat(event.list, "/"))`, "10\t20\t30\n10/20/30"},
		{"pairs", `for k, v in pairs(event) do io.write(k, " ") end print()`,
			"pid ret cookie delta verdict ok small low high comm at addr list ptr ratio type"},
		{"next", `print(next(event)) print(next(event, "at")) print(next(event, "type"))`, "pid\t4000000\naddr\t{v4=16777343, bytes=[127, 0, 0, 1]}\nnil"},
		{"unknown field", `print(event.nothing, event[1], event[{}])`, "nil\tnil\tnil"},
		{"a field hides a method", `print(event.type, event.at:type())`, "file\tstruct (anonymous)"},
		{"tostring", `print(event)`, text},
		{"concatenated", `print("got " .. event.at .. "!")`, "got {x=3, y=4}!"},
		{"os.print", `os.print("uprobe event: ", event.at, " ", 5)`, "uprobe event: {x=3, y=4} 5"},
		{"in a table", `os.print({event.at, n = event.list})`, "{{x=3, y=4}, n=[10, 20, 30]}"},
		{"totable", `local t = event:totable() t.pid = 5 t.at.x = 6 t.list[4] = 40 print(type(t), t.pid, t.at.x, #t.list, event.pid, event.at.x)`,
			"table\t5\t6\t4\t4000000\t3"},
		{"identity", `local seen = {[event] = 1} print(seen[event], seen[again], event == event, event == again)`, "1\tnil\ttrue\tfalse"},
		{"cut short", `print(cut.comm, cut.list, #cut.list, cut.ptr, cut.type) for k in pairs(cut) do io.write(k, " ") end print()`,
			"bash\t[10]\t1\tnil\tnil\npid ret cookie delta verdict ok small low high comm at addr list"},
		{"protected", `print(getmetatable(event), pcall(setmetatable, event, {}))`, "false\tfalse\tcannot change a protected metatable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "a field hides a method" {
				test.want = "file\t" + sampleType(t).Field("at").Type.Name
			}
			out, err := runWithEvent(t, test.script)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			for i := range lines {
				lines[i] = strings.TrimRight(lines[i], " ")
			}
			if got := strings.Join(lines, "\n"); got != test.want {
				t.Errorf("%s\ngot:\n%s\nwant:\n%s", test.script, got, test.want)
			}
		})
	}
}

// sort gives an event its fields in the order of their names, for all that shows or walks it. Others keep theirs.
func TestSortEvent(t *testing.T) {
	out, err := runWithEvent(t, `
assert(sort(event) == event)
for k in pairs(event) do io.write(k, " ") end print()
print(sort(again.at))
print(again.pid, event.pid, event.comm, event.at.y)
for k in pairs(again) do io.write(k, " ") break end print()
print(event:totable().comm)
print((tostring(event):match("^{addr=.*, at=.*, comm=\"bash\", cookie=.*, verdict=SECRET}$")) ~= nil)
local list = sort({again, {pid = 1}, event}, "pid")
print(list[1].pid, list[2] == again, list[3] == event)
`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `addr at comm cookie delta high list low ok pid ptr ratio ret small type verdict
{x=3, y=4}
4000000	4000000	bash	4
pid
bash
true
1	true	true
`
	if got := strings.ReplaceAll(out, " \n", "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestEventErrors(t *testing.T) {
	for script, want := range map[string]string{
		`event.pid = 5`:              "cannot set field pid of struct sample: events are read-only",
		`event.other = 5`:            "cannot set field other of struct sample: events are read-only",
		`event.list[1] = 5`:          "cannot set element 1 of an array: events are read-only",
		`event:name("verdct")`:       "name: struct sample has no field verdct (did you mean verdict?)",
		`event:name("pid")`:          "name: field pid of struct sample is no enum",
		`event:name()`:               "name: missing argument field",
		`event.totable()`:            "totable: call it as event:totable(...), with a colon",
		`event.totable(5)`:           "totable: expected an event, got a number",
		`sort(event, "pid")`:         "sort: an event has one order, by the names of its fields",
		`sort({event, again})`:       "sort: element 1 is an event; say what to order by",
		`sort({event, again}, "at")`: `sort: field "at" of element 1 is an event, which has no order`,
		`sort(event.list)`:           "sort: expected a list or an event, got",
		`for k in pairs(5) do end`:   "pairs: expected a table or an event, got a number",
		`next(event, "nothing")`:     "next: struct sample has no field nothing",
		`return #event.cookie`:       "attempt to get length of a number",
		`return event + 1`:           "cannot perform add operation between event and number",
		`return event < again`:       "attempt to compare event with event",
		`local e = event e()`:        "attempt to call",
	} {
		t.Run(script, func(t *testing.T) {
			_, err := runWithEvent(t, script)
			ds := diagnostics(t, err)
			if len(ds) != 1 || ds[0].Line != 2 || !strings.Contains(ds[0].Text, want) {
				t.Errorf("got %v, want line 2: %s", err, want)
			}
		})
	}
}

// Reading a short string again allocates nothing, and the memory for that is bounded.
func TestSharedStrings(t *testing.T) {
	v := newValues()
	b := []byte("bash")
	v.text(b)
	if n := testing.AllocsPerRun(100, func() { v.text(b) }); n != 0 {
		t.Errorf("%v allocations for a string that was read before", n)
	}
	for i := range 3 * internedCount {
		if got, want := v.text(fmt.Append(nil, i)), lua.LString(fmt.Sprint(i)); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	v.text([]byte(strings.Repeat("x", internedLength+1)))
	if len(v.strings) > internedCount {
		t.Errorf("%d strings are kept", len(v.strings))
	}
}
