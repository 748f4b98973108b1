package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf"
)

// content is a map with entries. Key and value are laid out one behind the other.
func content(t testing.TB, name string, array bool, key, value btf.Type, entries ...[]byte) bpf.MapContent {
	t.Helper()
	members := []btf.Member{{Name: "key", Type: key}, {Name: "value", Type: value}}
	for i := range members {
		if s, ok := members[i].Type.(*btf.Struct); ok {
			members[i] = btf.Member{Type: s}
		}
	}
	return bpf.MapContent{
		MapInfo: &bpf.MapInfo{Name: name, Array: array, Key: typeOf(t, key), Value: typeOf(t, value), Entry: typeOf(t, packed(t, name, members...))},
		Entries: entries,
	}
}

func variable(t testing.TB, name string, typ btf.Type, value []byte) bpf.Variable {
	return bpf.Variable{Name: name, Type: typeOf(t, typ), Value: value}
}

// snapshot has what tools leave behind: counters, histograms by key and alone, arrays, global variables.
func snapshot(t testing.TB) *bpf.Snapshot {
	who := packed(t, "who", btf.Member{Name: "pid", Type: u32}, btf.Member{Name: "comm", Type: array(char, 8)})
	traffic := packed(t, "traffic", btf.Member{Name: "sent", Type: u64}, btf.Member{Name: "ret", Type: s32}, btf.Member{Name: "pad", Type: u32})
	hist := packed(t, "hist", btf.Member{Name: "slots", Type: array(u32, 6)}, btf.Member{Name: "comm", Type: array(char, 8)})
	return &bpf.Snapshot{
		Logarithmic: true,
		Maps: []bpf.MapContent{
			content(t, "cells", true, u32, u64, encode(t, uint32(2), uint64(7)), encode(t, uint32(0), uint64(1)), encode(t, uint32(11), uint64(99))),
			content(t, "hists", false, u32, hist,
				encode(t, uint32(9), [6]uint32{0, 0, 2, 40, 1, 0}, text{"bash", 8}),
				encode(t, uint32(3), [6]uint32{1}, text{"sh", 8}),
				encode(t, uint32(4), [6]uint32{}, text{"idle", 8})),
			content(t, "latency_hist", true, u32, u64, encode(t, uint32(1), uint64(10)), encode(t, uint32(3), uint64(5))),
			content(t, "traffic", false, who, traffic,
				encode(t, uint32(12), text{"curl", 8}, uint64(5), int32(0), uint32(0)),
				encode(t, uint32(9), text{"wget", 8}, uint64(1<<40), int32(-2), uint32(0)),
				encode(t, uint32(7), text{"curl", 8}, uint64(5), int32(0), uint32(0))),
		},
		Variables: []bpf.Variable{
			variable(t, "total", u64, encode(t, uint64(5))),
			variable(t, "hists_of", array(hist, 2), encode(t, [6]uint32{}, text{"", 8}, [6]uint32{3, 3}, text{"x", 8})),
			variable(t, "dist_hist", array(u32, 4), encode(t, [4]uint32{0, 8, 0, 0})),
			variable(t, "counts", array(u32, 4), encode(t, [4]uint32{0, 8, 0, 9})),
		},
	}
}

func TestMaps(t *testing.T) {
	var out bytes.Buffer
	maps := NewMaps(&out, 80, nil)
	for _, last := range []bool{false, true} {
		if err := maps.WriteMaps(snapshot(t), last); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "maps.golden", out.Bytes())
}

func TestMapsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := NewMapsJSON(&out, nil).WriteMaps(snapshot(t), true); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	golden(t, "maps-json.golden", out.Bytes())
}

// Large maps are cut short while the program runs, and are whole at the end.
func TestMapsCut(t *testing.T) {
	var entries [][]byte
	for i := range 50 {
		entries = append(entries, encode(t, uint32(i), uint64(i+1)))
	}
	for _, last := range []bool{false, true} {
		var out bytes.Buffer
		s := &bpf.Snapshot{Maps: []bpf.MapContent{content(t, "counts", false, u32, u64, entries...)}}
		if err := NewMaps(&out, 0, nil).WriteMaps(s, last); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		want, end := 2+50, fmt.Sprintf("%10d  %16d", 0, 1)
		if !last {
			want, end = 2+rowsAtOnce+1, "(30 more)"
		}
		if len(lines) != want || strings.TrimSpace(lines[len(lines)-1]) != strings.TrimSpace(end) {
			t.Errorf("last %v: %d lines, want %d, that end in %q:\n%s", last, len(lines), want, end, out.String())
		}
	}
}

// Nothing found out is nothing printed.
func TestMapsEmpty(t *testing.T) {
	var out bytes.Buffer
	maps := NewMaps(&out, 80, nil)
	for range 3 {
		if err := maps.WriteMaps(&bpf.Snapshot{}, false); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}

func TestHistogramRanges(t *testing.T) {
	for _, slots := range [][]uint64{nil, {0, 0}, {1}, {0, 1 << 40}, make([]uint64, maxSlots)} {
		if len(slots) == maxSlots {
			slots[maxSlots-1], slots[0] = 1<<63, 1
		}
		text := string(appendHistogram(nil, slots, true))
		for i, n := range slots {
			if n == 0 {
				continue
			}
			low := "0"
			if i > 0 {
				low = fmt.Sprint(uint64(1) << i)
			}
			if i < 64 && !strings.Contains(text, low+" -> ") {
				t.Errorf("slot %d is missing:\n%s", i, text)
			}
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, "|") && strings.Count(line, "*") > barWidth {
				t.Errorf("the bar is too long: %s", line)
			}
		}
	}
}

// Slots that are no powers of two have no ranges.
func TestHistogramOfNumbers(t *testing.T) {
	const want = "      slot : count  distribution\n" +
		"         0 : 0     |                                        |\n" +
		"         1 : 4     |****************************************|\n" +
		"         2 : 1     |**********                              |\n"
	if got := string(appendHistogram(nil, []uint64{0, 4, 1, 0}, false)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// FuzzMaps checks that no contents of maps make printing fail.
func FuzzMaps(f *testing.F) {
	f.Add([]byte("some bytes of an entry, which may be anything at all, as long as there are enough of them"), true)
	f.Fuzz(func(t *testing.T, b []byte, last bool) {
		s := snapshot(t)
		for i := range s.Maps {
			for _, entry := range s.Maps[i].Entries {
				copy(entry, b)
			}
		}
		for i := range s.Variables {
			copy(s.Variables[i].Value, b)
		}
		var lines, text bytes.Buffer
		if err := NewMapsJSON(&lines, nil).WriteMaps(s, last); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(lines.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		if err := NewMaps(&text, 80, nil).WriteMaps(s, last); err != nil {
			t.Fatal(err)
		}
	})
}
