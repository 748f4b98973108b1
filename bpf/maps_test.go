package bpf_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// mapsProgram loads and attaches the program whose maps are read, for this process alone.
func mapsProgram(t *testing.T) *bpf.Instance {
	o := open(t, testprog.Maps)
	if err := o.SetGlobal("targ_pid", int64(os.Getpid())); err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{})
	attach(t, inst)
	return inst
}

// hit has the program run with a number.
func hit(which int) {
	_, _, _ = unix.Syscall(unix.SYS_GETPRIORITY, 0xbad, uintptr(which), 0)
}

// onEachCPU calls f on every CPU that this process may use, and returns how many there are.
func onEachCPU(t *testing.T, f func()) int {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.SchedSetaffinity(0, &allowed); err != nil {
			t.Fatal(err)
		}
	}()
	n := 0
	for cpu := range 8 * len(allowed) * 8 {
		if !allowed.IsSet(cpu) {
			continue
		}
		var one unix.CPUSet
		one.Set(cpu)
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Fatal(err)
		}
		f()
		n++
	}
	return n
}

// texts returns the entries of a map of a snapshot, as text and in order.
func texts(s *bpf.Snapshot, name string) []string {
	var list []string
	for _, m := range s.Maps {
		if m.Name == name {
			for _, entry := range m.Entries {
				list = append(list, string(m.Entry.AppendText(nil, entry)))
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestSnapshot(t *testing.T) {
	inst := mapsProgram(t)
	cpus := onEachCPU(t, func() {
		hit(1)
		hit(3)
		hit(3)
	})
	s, err := inst.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	pid := os.Getpid()
	for name, want := range map[string][]string{
		"calls": {
			fmt.Sprintf(`{pid=%d, comm="b", count=%d, balance=-2}`, pid, cpus),
			fmt.Sprintf(`{pid=%d, comm="d", count=%d, balance=-2}`, pid, 2*cpus),
		},
		"sums":  {fmt.Sprintf("{key=1, value=%d}", cpus), fmt.Sprintf("{key=3, value=%d}", 2*cpus)},
		"cells": {fmt.Sprintf("{key=1, count=%d, balance=%d}", cpus, -2*cpus), fmt.Sprintf("{key=3, count=%d, balance=%d}", 2*cpus, -4*cpus)},
		"bare":  {"{key=1, value=9}", "{key=3, value=9}"},
		// What programs keep for themselves is not shown.
		"inflight": nil, "start": nil, "heap": nil,
	} {
		if got := texts(s, name); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if got := texts(s, "hists"); len(got) != 1 || !strings.HasPrefix(got[0], fmt.Sprintf("{key=0, slots=[0, %d, 0, %d, 0, ", cpus, 2*cpus)) {
		t.Errorf("hists: got %q", got)
	}

	var vars []string
	for _, v := range s.Variables {
		vars = append(vars, v.Name)
		if total, _ := v.Type.Bits(v.Value); v.Name == "total" && total != uint64(3*cpus) {
			t.Errorf("total is %d, want %d", total, 3*cpus)
		}
	}
	slices.Sort(vars)
	if want := []string{"hists_of", "total"}; !slices.Equal(vars, want) {
		t.Errorf("variables: got %v, want %v", vars, want)
	}
}

func TestSnapshotStacks(t *testing.T) {
	inst := mapsProgram(t)
	hit(1)
	s, err := inst.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if !s.HasStacks() {
		t.Fatal("the program keeps stack traces")
	}
	ids := 0
	for _, m := range s.Maps {
		for _, entry := range m.Entries {
			if m.Name != "stack_ids" {
				continue
			}
			ids++
			id, _ := m.Key.Bits(m.KeyOf(entry))
			if errno := unix.Errno(-int64(id)); errno == unix.EFAULT {
				t.Skip("this kernel finds no stack at the tracepoint")
			}
			if frames := s.Stack(int64(id)); len(frames) == 0 || slices.ContainsFunc(frames, func(f bpf.Frame) bool { return f.Address>>63 == 0 }) {
				t.Errorf("stack %d is %#x", id, frames)
			}
		}
	}
	if ids == 0 {
		t.Error("no stack was noted")
	}
	for _, id := range []int64{-14, 1 << 40} {
		if frames := s.Stack(id); frames != nil {
			t.Errorf("stack %d is %#x, want none", id, frames)
		}
	}
}

// A map larger than what is read at once loses and doubles nothing.
func TestEntriesMany(t *testing.T) {
	inst := mapsProgram(t)
	const many = 1500
	for i := range many {
		hit(i)
	}
	s, err := inst.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if got := texts(s, "sums"); len(got) != many || len(slices.Compact(got)) != many {
		t.Errorf("%d entries, %d of them different, want %d", len(got), len(slices.Compact(got)), many)
	}
}

func TestVariables(t *testing.T) {
	o := open(t, testprog.Maps)
	got := make(map[string]string)
	for _, v := range o.Variables() {
		got[v.Name] = fmt.Sprintf("%s %v %s", v.Type.Name, v.Option, v.Type.AppendText(nil, v.Value))
	}
	for name, want := range map[string]string{
		"targ_pid": "__u32 true 0",
		"by_slot":  "bool true true",
		"prefix":   `char[16] true "open"`,
		"ports":    "__u16[4] true [80, 443, 0, 0]",
		"settled":  "__u32 false 7",
		"total":    "__u64 false 0",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	if _, ok := got["LICENSE"]; ok {
		t.Error("the license is no variable")
	}
}

func TestParseValue(t *testing.T) {
	o := open(t, testprog.Globals)
	types := make(map[string]*decode.Type)
	for _, v := range o.Variables() {
		types[v.Name] = v.Type
	}
	for _, test := range []struct{ name, text, want string }{
		{"flag", "true", "true"},
		{"flag", "No", "false"},
		{"flag", "2", `error: bool takes true or false, got "2"`},
		{"small", "-5", "-5"},
		{"small", "0x10", "16"},
		{"small", "", `error: __s8 takes a number, got ""`},
		{"targ_pid", "yes", "true"},
		{"targ_pid", "1e3", `error: __u32 takes a number, got "1e3"`},
		{"huge", "18446744073709551615", "18446744073709551615"},
		{"huge", "18446744073709551616", "error: 18446744073709551616 does not fit __u64"},
		{"mode", "SLOW", "SLOW"},
		{"mode", "2", "2"},
		{"mode", "SLOV", `error: enum mode has no enumerator "SLOV" (did you mean SLOW?)`},
		{"comm", "a,b", "a,b"},
		{"ports", "80, 443", "[80 443]"},
		{"ports", "", "[]"},
		{"ports", "80,http", `error: element 2: __u16 takes a number, got "http"`},
		{"at", "1,2", "error: values of type struct point cannot be given as text"},
	} {
		value, err := bpf.ParseValue(types[test.name], test.text)
		got := fmt.Sprint(value)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want {
			t.Errorf("%s %q: got %s, want %s", test.name, test.text, got, test.want)
		}
	}
}

// FuzzParseValue checks that what is read can be set, or is refused in a sentence.
func FuzzParseValue(f *testing.F) {
	for _, text := range []string{"", "1", "-1", "true", "SLOW", "0x7f", "80,443", "9999999999999999999999", ",", "bash"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := bpf.OpenReader("test.bpf.o", bytes.NewReader(testprog.Globals))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range o.Variables() {
			value, err := bpf.ParseValue(v.Type, text)
			if err != nil {
				continue
			}
			if err := o.SetGlobal(v.Name, value); err != nil && !strings.HasPrefix(err.Error(), v.Name+": ") {
				t.Errorf("%s %q: %v", v.Name, text, err)
			}
		}
	})
}
