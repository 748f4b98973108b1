package output

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
)

// profiled is an event with stack traces of its own: those of user space and of the kernel, and how many bytes of them are in use.
func profiled(t testing.TB) (*btf.Struct, [][]byte) {
	addresses := array(u64, 4)
	typ := packed(t, "event", btf.Member{Name: "pid", Type: u32}, btf.Member{Name: "comm", Type: array(char, 8)}, btf.Member{Name: "kstack_sz", Type: s32},
		btf.Member{Name: "kstack", Type: addresses}, btf.Member{Name: "user_stack", Type: addresses})
	return typ, [][]byte{
		encode(t, uint32(7), text{"bash", 8}, int32(16), [4]uint64{1, 2, 3, 4}, [4]uint64{9, 8}),
		encode(t, uint32(8), text{"sh", 8}, int32(-14), [4]uint64{1, 2}, [4]uint64{}),
		encode(t, uint32(9), text{"cut", 8}),
	}
}

// fakeSymbols names an address by itself, and by the process.
type fakeSymbols struct{}

func (fakeSymbols) KernelFrames(frames []bpf.Frame, long bool) []string {
	return named("k", frames, long)
}

func (fakeSymbols) UserFrames(pid int, frames []bpf.Frame, long bool) []string {
	return named(fmt.Sprintf("u%d_", pid), frames, long)
}

func named(prefix string, frames []bpf.Frame, long bool) []string {
	var names []string
	for _, f := range frames {
		name := fmt.Sprintf("%s%d", prefix, f.Address)
		if long {
			name += "+0x0"
		}
		names = append(names, name)
	}
	return names
}

func TestStacksOfEvents(t *testing.T) {
	structure, records := profiled(t)
	typ := typeOf(t, structure)
	for name, tc := range map[string]struct {
		writer func(*bytes.Buffer) recordWriter
		want   string
	}{
		"table": {func(b *bytes.Buffer) recordWriter { return NewTable(b, 0, StackNames(fakeSymbols{})) },
			"       PID  COMM        KSTACK_SZ\n" +
				"         7  bash               16\n    k1+0x0\n    k2+0x0\n    u7_9+0x0\n    u7_8+0x0\n" +
				"         8  sh                -14\n" +
				"         9  cut                 ?\n"},
		"JSON": {func(b *bytes.Buffer) recordWriter { return NewJSON(b, StackNames(fakeSymbols{})) },
			`{"pid":7,"comm":"bash","kstack_sz":16,"kstack":[1,2,3,4],"user_stack":[9,8,0,0],"kstack_text":["k1+0x0","k2+0x0"],"user_stack_text":["u7_9+0x0","u7_8+0x0"]}` + "\n" +
				`{"pid":8,"comm":"sh","kstack_sz":-14,"kstack":[1,2,0,0],"user_stack":[0,0,0,0],"kstack_text":[],"user_stack_text":[]}` + "\n" +
				`{"pid":9,"comm":"cut"}` + "\n"},
		"raw values": {func(b *bytes.Buffer) recordWriter { return NewJSON(b, StackNames(fakeSymbols{}), RawValues()) },
			`{"pid":7,"comm":"bash","kstack_sz":16,"kstack":[1,2,3,4],"user_stack":[9,8,0,0]}` + "\n" +
				`{"pid":8,"comm":"sh","kstack_sz":-14,"kstack":[1,2,0,0],"user_stack":[0,0,0,0]}` + "\n" +
				`{"pid":9,"comm":"cut"}` + "\n"},
	} {
		var out bytes.Buffer
		w := tc.writer(&out)
		for _, rec := range records {
			if err := w.WriteRecord(Tag{}, typ, rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.(Sink).Flush(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, out.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Stack traces in keys of histograms stand below the heading, and those that are alike are one line for flame graphs.
func TestStacksOfMaps(t *testing.T) {
	key := packed(t, "key", btf.Member{Name: "kern_stack_size", Type: u64}, btf.Member{Name: "kern_stack", Type: array(u64, 3)})
	hist := packed(t, "hist", btf.Member{Name: "slots", Type: array(u32, 2)}, btf.Member{Name: "comm", Type: array(char, 8)})
	s := &bpf.Snapshot{Maps: []bpf.MapContent{
		content(t, "hists", false, key, hist, encode(t, uint64(16), [3]uint64{1, 2, 3}, [2]uint32{0, 5}, text{"a", 8})),
		content(t, "counts", false, key, u64, encode(t, uint64(24), [3]uint64{4, 5}, uint64(12)), encode(t, uint64(16), [3]uint64{4, 5}, uint64(3))),
	}}
	var out bytes.Buffer
	if err := NewMaps(&out, 0, fakeSymbols{}).WriteMaps(s, true); err != nil {
		t.Fatal(err)
	}
	bar := strings.Repeat("*", barWidth)
	want := "# hists[{kern_stack_size=16}] comm=\"a\"\n    k1+0x0\n    k2+0x0\n      slot : count  distribution\n" +
		"         0 : 0     |" + strings.Repeat(" ", barWidth) + "|\n         1 : 5     |" + bar + "|\n\n" +
		"# counts\n    k4+0x0\n    k5+0x0\n  {kern_stack_size=24, value=12}\n    k4+0x0\n    k5+0x0\n  {kern_stack_size=16, value=3}\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	folded := NewFolded(&out, fakeSymbols{})
	for _, last := range []bool{false, true} {
		if err := folded.WriteMaps(s, last); err != nil {
			t.Fatal(err)
		}
	}
	if want := "k5;k4 15\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("got %q, want %q first", out.String(), want)
	}
}

// Tools that make histograms by a switch count otherwise, in the same value.
func TestCountsBesideSlots(t *testing.T) {
	info := packed(t, "info", btf.Member{Name: "count", Type: u64}, btf.Member{Name: "slots", Type: array(u32, 2)})
	for _, slots := range [][2]uint32{{}, {1, 0}} {
		var out bytes.Buffer
		s := &bpf.Snapshot{Maps: []bpf.MapContent{content(t, "infos", false, u32, info, encode(t, uint32(3), uint64(44), slots))}}
		if err := NewMaps(&out, 0, nil).WriteMaps(s, true); err != nil {
			t.Fatal(err)
		}
		want := "# infos\n       KEY             COUNT\n         3                44\n"
		if slots[0] > 0 {
			want = "# infos[3] count=44\n"
		}
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("got %s, want %s", out.String(), want)
		}
	}
}

// A key of -1 stands for all there is.
func TestKeysThatTellNothing(t *testing.T) {
	hist := packed(t, "hist", btf.Member{Name: "slots", Type: array(u32, 2)})
	for key, want := range map[uint32]string{0: "# hists\n", 1<<32 - 1: "# hists\n", 5: "# hists[5]\n"} {
		var out bytes.Buffer
		s := &bpf.Snapshot{Maps: []bpf.MapContent{content(t, "hists", false, u32, hist, encode(t, key, [2]uint32{1}))}}
		if err := NewMaps(&out, 0, nil).WriteMaps(s, true); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("key %d: %s", key, out.String())
		}
	}
}
