package bpf_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

func TestSetGlobal(t *testing.T) {
	o := open(t, testprog.Globals)
	for name, value := range map[string]any{
		"flag":     true,
		"small":    int64(-128),
		"targ_pid": uint64(4_000_000_000),
		"wide":     int64(math.MinInt64),
		"huge":     uint64(math.MaxUint64),
		"mode":     "SLOW",
		"comm":     "bash",
		"ports":    []any{float64(80), int64(443)},
		"at":       map[string]any{"x": int64(-5), "name": "here"},
		"writable": float64(7),
	} {
		if err := o.SetGlobal(name, value); err != nil {
			t.Error(err)
		}
	}
	inst := load(t, o, bpf.LoadOptions{})
	attach(t, inst)
	records := run(t, inst, stir)
	if len(records) == 0 {
		t.Fatal("no record")
	}
	want := `sent: struct settings {flag=true, small=-128, targ_pid=4000000007, wide=-9223372036854775808, huge=18446744073709551615, ` +
		`mode=SLOW, comm="bash", ports=[80, 443, 0], at={x=-5, y=0, name="here"}}`
	if got := records[0].String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSetGlobalErrors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		value any
		want  string
	}{
		{"targ_pd", int64(1), "no global variable named targ_pd in test.bpf.o (did you mean targ_pid?)"},
		{"targ_pid", int64(5000000000), "targ_pid: 5000000000 does not fit __u32"},
		{"targ_pid", int64(-1), "targ_pid: -1 does not fit __u32"},
		{"targ_pid", 1.5, "targ_pid: __u32 takes whole numbers, got 1.5"},
		{"targ_pid", math.NaN(), "targ_pid: __u32 takes whole numbers, got NaN"},
		{"targ_pid", "one", `targ_pid: __u32 takes a number, got "one"`},
		{"targ_pid", []any{}, "targ_pid: __u32 takes a number, got a list"},
		{"small", int64(128), "small: 128 does not fit __s8"},
		{"small", int64(-129), "small: -129 does not fit __s8"},
		{"wide", uint64(math.MaxUint64), "wide: 18446744073709551615 does not fit __s64"},
		{"huge", 1e30, "huge: 1000000000000000019884624838656 does not fit __u64"},
		{"flag", int64(2), "flag: bool takes true or false, got 2"},
		{"mode", "FAST_", "mode: enum mode has no enumerator FAST_ (did you mean FAST?)"},
		{"comm", "12345678", `comm: "12345678" is too long for char[8]: 8 bytes and a NUL`},
		{"comm", "a\x00b", "comm: the string holds a NUL, where C would end it"},
		{"comm", int64(1), "comm: char[8] takes a string, got 1"},
		{"ports", []any{int64(1), int64(2), int64(3), int64(4)}, "ports: __u16[3] takes 3 elements, got 4"},
		{"ports", []any{int64(1), int64(70000)}, "ports: element 2: 70000 does not fit __u16"},
		{"at", map[string]any{"z": int64(1)}, "at: struct point has no field z (did you mean x or y?)"},
		{"at", map[string]any{"x": int64(40000)}, "at: field x: 40000 does not fit __s16"},
		{"at", int64(1), "at: struct point takes a table of its fields, got 1"},
		{"flag", nil, "flag: bool takes true or false, got nil"},
	} {
		err := open(t, testprog.Globals).SetGlobal(tc.name, tc.value)
		if err == nil || err.Error() != tc.want {
			t.Errorf("SetGlobal(%q, %v): got %v, want %s", tc.name, tc.value, err, tc.want)
		}
	}
	err := open(t, testprog.Sections).SetGlobal("x", int64(1))
	if err == nil || !strings.HasSuffix(err.Error(), "test.bpf.o has none") {
		t.Errorf("got %v", err)
	}
}
