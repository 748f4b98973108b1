package bpf_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// accessProgram loads and attaches the program whose maps and variables are read and written, for this process alone.
func accessProgram(t *testing.T) *bpf.Instance { return accessObject(t, testprog.Access) }

// laterProgram is accessProgram with the types of maps that came after kernel 5.10.
func laterProgram(t *testing.T) *bpf.Instance {
	if err := features.HaveMapType(ebpf.BloomFilter); errors.Is(err, ebpf.ErrNotSupported) {
		t.Skip("this kernel has no such maps, which came with 5.16")
	}
	return accessObject(t, testprog.AccessLater)
}

func accessObject(t *testing.T, object []byte) *bpf.Instance {
	o := open(t, object)
	if err := o.SetGlobal("targ_pid", int64(os.Getpid())); err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{})
	attach(t, inst)
	return inst
}

func mapOf(t *testing.T, inst *bpf.Instance, name string) *bpf.Map {
	t.Helper()
	m, err := inst.Map(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// put encodes and writes an entry.
func put(m *bpf.Map, key, value any) error {
	k, err := m.EncodeKey(key)
	if err != nil {
		return err
	}
	v, err := m.EncodeValue(value)
	if err != nil {
		return err
	}
	return m.Update(k, v)
}

// entryText returns the value of a key as text, or "none".
func entryText(t *testing.T, m *bpf.Map, key any) string {
	t.Helper()
	k, err := m.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.Lookup(k)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case v == nil:
		return "none"
	}
	var all []string
	for value := range slices.Chunk(v, m.Value.Size) {
		all = append(all, string(m.Value.AppendText(nil, value)))
	}
	return strings.Join(all, " ")
}

type table = map[string]any

func TestMapAccess(t *testing.T) {
	inst := accessProgram(t)
	for _, test := range []struct {
		name       string
		key, value any
		want       string // the value that is read, or the error of writing it
	}{
		{"nested", table{"pid": int64(7), "at": table{"cpu": int64(3), "node": int64(300)}, "comm": "sh"},
			table{"count": ^uint64(0), "small": int64(-128), "low": int64(5), "high": int64(1<<29 - 1), "signed_bits": int64(-16), "mode": "BROKEN",
				"address": "0123456789abcdef", "places": []any{table{"cpu": int64(1)}, table{"node": int64(2)}}},
			`{count=18446744073709551615, small=-128, low=5, high=536870911, signed_bits=-16, mode=BROKEN, address=[48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102], places=[{cpu=1, node=0}, {cpu=0, node=2}]}`},
		{"nested", table{}, table{"low": int64(8)}, "map nested: value: field low: 8 does not fit 3 bits of __u32"},
		{"nested", table{}, table{"signed_bits": int64(16)}, "map nested: value: field signed_bits: 16 does not fit 5 bits of __s16"},
		{"nested", table{}, table{"places": []any{table{"node": int64(65536)}}}, "map nested: value: field places: element 1: field node: 65536 does not fit __u16"},
		{"nested", table{}, table{"address": "short"}, "map nested: value: field address: __u8[16] takes 16 bytes, got a string of 5"},
		{"nested", table{}, table{"mode": "BUSSY"}, "map nested: value: field mode: enum mode has no enumerator BUSSY (did you mean BUSY?)"},
		{"nested", table{"at": int64(1)}, table{}, "map nested: key: field at: struct place takes a table of its fields, got 1"},
		{"nested", table{"pdi": int64(1)}, table{}, "map nested: key: struct key has no field pdi (did you mean pid?)"},
		{"nested", table{"comm": "sixteen letters!"}, table{}, `map nested: key: field comm: "sixteen letters!" is too long for char[16]: 16 bytes and a NUL`},
		{"nested", nil, table{}, "map nested: key: struct key takes a table of its fields, got nil"},
		{"counts", int64(-1), int64(1), "map counts: key: -1 does not fit __u32"},
		{"counts", 1.5, int64(1), "map counts: key: __u32 takes whole numbers, got 1.5"},
		{"counts", int64(1), "x", `map counts: value: __u64 takes a number, got "x"`},
		{"counts", int64(1), uint64(1 << 63), "9223372036854775808"},
		{"recent", int64(5), int64(6), "6"},
		{"cells", int64(7), int64(70), "70"},
		{"cells", int64(8), int64(70), "map cells: set: it has 8 entries, counted from 0"},
		{"routes", table{"length": int64(8), "address": []any{int64(10)}}, int64(1), "1"},
		{"routes", table{"length": int64(33)}, int64(1), "map routes: set: invalid argument"},
		{"routes", "192.168.0.0/16", int64(2), "2"},
		{"routes", "192.168.0.1", int64(3), "3"},
		{"routes", "192.168", int64(3), `map routes: key: expected an address with or without the length of a prefix, such as 10.0.0.0/8, got "192.168"`},
		{"read_only", int64(1), int64(1), "map read_only: set: the map is read-only or write-only for user space"},
		{"stacks", int64(1), []any{}, "map stacks: set: stack traces are written by programs alone"},
		{"by_cpu", int64(1), int64(1), "map by_cpu: value: it takes a list of values, one for each CPU, got 1"},
		{"by_cpu", int64(1), []any{"x"}, `map by_cpu: value 1: __u64 takes a number, got "x"`},
		{"by_cpu", int64(1), make([]any, 4097), "map by_cpu: value: it takes CPUS values, one for each CPU, got 4097"},
		{"jumps", int64(1), int64(1), "map jumps: set: its values are programs, which are put there by their names"},
	} {
		m := mapOf(t, inst, test.name)
		want := strings.ReplaceAll(test.want, "CPUS", fmt.Sprint(m.CPUs))
		got := ""
		if err := put(m, test.key, test.value); err != nil {
			got = err.Error()
		} else {
			got = entryText(t, m, test.key)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", test.name, got, want)
		}
	}
}

func TestMapPerCPU(t *testing.T) {
	inst := accessProgram(t)
	for _, name := range []string{"by_cpu", "cells_by_cpu"} {
		m := mapOf(t, inst, name)
		var values []any
		var want []string
		for cpu := range m.CPUs {
			if name == "by_cpu" {
				values, want = append(values, int64(cpu+1)), append(want, fmt.Sprint(cpu+1))
			} else {
				values, want = append(values, table{"id": int64(cpu), "text": "on"}), append(want, fmt.Sprintf(`{id=%d, text="on"}`, cpu))
			}
		}
		if err := put(m, int64(2), values); err != nil {
			t.Error(err)
		}
		if got := entryText(t, m, int64(2)); got != strings.Join(want, " ") {
			t.Errorf("%s: got %s, want %s", name, got, strings.Join(want, " "))
		}
	}
}

func TestMapDelete(t *testing.T) {
	inst := accessProgram(t)
	counts, cells, routes := mapOf(t, inst, "counts"), mapOf(t, inst, "cells"), mapOf(t, inst, "routes")
	for i := range int64(2000) {
		if err := put(counts, i, i); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := counts.Count(); n != 2000 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	key, _ := counts.EncodeKey(int64(5))
	for _, want := range []bool{true, false} {
		if existed, err := counts.Delete(key); existed != want || err != nil {
			t.Errorf("delete: %v, %v; want %v", existed, err, want)
		}
	}
	if got := entryText(t, counts, int64(5)); got != "none" {
		t.Errorf("what was deleted is %s", got)
	}
	if err := counts.Clear(); err != nil {
		t.Error(err)
	}
	if n, err := counts.Count(); n != 0 || err != nil {
		t.Errorf("after clear there are %d entries, %v", n, err)
	}
	key, _ = cells.EncodeKey(int64(1))
	if _, err := cells.Delete(key); err == nil || !strings.Contains(err.Error(), "always there") {
		t.Errorf("delete from an array: %v", err)
	}
	if err := put(cells, int64(1), int64(5)); err != nil {
		t.Error(err)
	}
	if err := cells.Clear(); err != nil || entryText(t, cells, int64(1)) != "0" {
		t.Errorf("clear of an array: %v, %s", err, entryText(t, cells, int64(1)))
	}
	if err := put(routes, table{"length": int64(8), "address": []any{int64(10)}}, int64(3)); err != nil {
		t.Error(err)
	}
	if got := entryText(t, routes, table{"length": int64(32), "address": []any{int64(10), int64(1), int64(2), int64(3)}}); got != "3" {
		t.Errorf("the longest prefix is %s", got)
	}
	if err := routes.Clear(); err != nil {
		t.Error(err)
	}
	if n, err := routes.Count(); n != 0 || err != nil {
		t.Errorf("after clear there are %d routes, %v", n, err)
	}
}

// Walking over a map finds what stays in it, once each, while programs add and others delete.
func TestMapWhileItChanges(t *testing.T) {
	inst := accessProgram(t)
	counts := mapOf(t, inst, "counts")
	const stay = 1000
	for i := range int64(stay) {
		if err := put(counts, i, i); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[uint64]int)
	c := counts.Entries()
	for n := 0; ; n++ {
		key, _, ok := c.Next()
		if !ok {
			break
		}
		k, _ := counts.Key.Bits(key)
		seen[k]++
		hit(stay + n%2000) // the program adds one
		gone, _ := counts.EncodeKey(int64(stay + (n+1000)%2000))
		if _, err := counts.Delete(gone); err != nil {
			t.Fatal(err)
		}
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	for k, n := range seen {
		if n != 1 {
			t.Errorf("%d came %d times", k, n)
		}
	}
	for i := range uint64(stay) {
		if seen[i] != 1 {
			t.Errorf("%d, which was there all the time, came %d times", i, seen[i])
		}
	}
}

func TestMapQueues(t *testing.T) {
	inst := accessProgram(t)
	mail, pile := mapOf(t, inst, "mail"), mapOf(t, inst, "pile")
	text := func(m *bpf.Map, b []byte, err error) string {
		switch {
		case err != nil:
			return err.Error()
		case b == nil:
			return "none"
		}
		return string(m.Value.AppendText(nil, b))
	}
	pop := func(m *bpf.Map) string { b, err := m.Pop(); return text(m, b, err) }
	peek := func(m *bpf.Map) string { b, err := m.Peek(); return text(m, b, err) }
	push := func(m *bpf.Map, value any) error {
		b, err := m.EncodeValue(value)
		if err != nil {
			return err
		}
		return m.Push(b)
	}
	if err := push(mail, table{"id": int64(1), "text": "mine"}); err != nil {
		t.Error(err)
	}
	hit(2)
	for i, got := range []string{peek(mail), pop(mail), pop(mail), pop(mail)} {
		if want := []string{`{id=1, text="mine"}`, `{id=1, text="mine"}`, `{id=2, text="kernel"}`, "none"}[i]; got != want {
			t.Errorf("mail: got %s, want %s", got, want)
		}
	}
	for i := range int64(4) {
		if err := push(pile, i); err != nil {
			t.Error(err)
		}
	}
	if err := push(pile, int64(4)); err == nil || err.Error() != "map pile: push: it is full with 4 entries" {
		t.Errorf("a full stack: %v", err)
	}
	if got := pop(pile) + peek(pile); got != "32" {
		t.Errorf("pile: got %s", got)
	}
	if err := pile.Clear(); err != nil || peek(pile) != "none" {
		t.Errorf("clear: %v, %s", err, peek(pile))
	}
	for what, err := range map[string]error{
		"a queue has no keys":                     put(mail, int64(1), int64(1)),
		"a queue cannot be walked over; pop":      mail.Entries().Err(),
		"a hash has keys; set gives one a value":  mapOf(t, inst, "counts").Push(nil),
		"the value has 1 bytes, want 16":          mail.Push([]byte{1}),
		"value: field id: __u32 takes a number":   push(mail, table{"id": "x"}),
		"no map named nestd (did you mean nested": func() error { _, err := inst.Map("nestd"); return err }(),
		"no map named .bss":                       func() error { _, err := inst.Map(".bss"); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want %s", err, what)
		}
	}
}

func TestMapsOfMaps(t *testing.T) {
	inst := accessProgram(t)
	first, groups, slots := mapOf(t, inst, "first"), mapOf(t, inst, "groups"), mapOf(t, inst, "slots")
	if err := put(first, int64(1), table{"text": "one"}); err != nil {
		t.Fatal(err)
	}
	zero, _ := slots.EncodeKey(int64(0))
	inner, err := slots.Inner(zero)
	if err != nil || inner == nil {
		t.Fatalf("slots[0]: %v, %v", inner, err)
	}
	if got := entryText(t, inner, int64(1)); got != `{id=0, text="one"}` {
		t.Errorf("through the array it is %s", got)
	}
	if again, err := slots.Inner(zero); again != inner || err != nil {
		t.Errorf("it is another map the second time, %v", err)
	}
	three, _ := groups.EncodeKey(int64(3))
	if none, err := groups.Inner(three); none != nil || err != nil {
		t.Errorf("groups[3]: %v, %v", none, err)
	}
	made, err := groups.NewInner()
	if err != nil {
		t.Fatal(err)
	}
	if err := put(made, int64(4), table{"id": int64(44)}); err != nil {
		t.Error(err)
	}
	if err := groups.UpdateInner(three, made); err != nil {
		t.Error(err)
	}
	if got, err := groups.Inner(three); err != nil || entryText(t, got, int64(4)) != `{id=44, text=""}` {
		t.Errorf("groups[3]: %v", err)
	}
	c := groups.Entries()
	n := 0
	for key, _, ok := c.Next(); ok; key, _, ok = c.Next() {
		if n++; !slices.Equal(key, three) {
			t.Errorf("a key is %x", key)
		}
	}
	if n != 1 || c.Err() != nil {
		t.Errorf("%d entries, %v", n, c.Err())
	}
	if err := groups.UpdateInner(three, mapOf(t, inst, "counts")); err == nil {
		t.Error("a map of another sort was put in")
	}
	if existed, err := groups.Delete(three); !existed || err != nil {
		t.Errorf("delete: %v, %v", existed, err)
	}
}

func TestMapOfPrograms(t *testing.T) {
	inst := accessProgram(t)
	jumps := mapOf(t, inst, "jumps")
	zero, _ := jumps.EncodeKey(int64(0))
	if v, err := jumps.Lookup(zero); v != nil || err != nil {
		t.Errorf("jumps[0] is %x, %v", v, err)
	}
	if err := jumps.UpdateProgram(zero, "on_access_jmp"); err == nil || !strings.Contains(err.Error(), "did you mean on_access_jump?") {
		t.Errorf("got %v", err)
	}
	if err := jumps.UpdateProgram(zero, "on_access_jump"); err != nil {
		t.Fatal(err)
	}
	if v, err := jumps.Lookup(zero); err != nil || jumps.ProgramName(v) != "on_access_jump" {
		t.Errorf("jumps[0] is %s, %v", jumps.ProgramName(v), err)
	}
	hit(1)
	if got := entryText(t, mapOf(t, inst, "counts"), int64(9)); got != "42" {
		t.Errorf("the tail call left %s", got)
	}
	if existed, err := jumps.Delete(zero); !existed || err != nil {
		t.Errorf("delete: %v, %v", existed, err)
	}
}

func TestBloomFilter(t *testing.T) {
	inst := laterProgram(t)
	known := mapOf(t, inst, "known")
	for value, want := range map[int64]bool{77: true, 78: false} {
		b, err := known.EncodeValue(value)
		if err != nil {
			t.Fatal(err)
		}
		if want {
			if err := known.Push(b); err != nil {
				t.Error(err)
			}
		}
		if found, err := known.Contains(b); found != want || err != nil {
			t.Errorf("contains %d: %v, %v", value, found, err)
		}
	}
	if err := known.Clear(); err == nil || !strings.Contains(err.Error(), "clear: a bloom_filter cannot be emptied from here") {
		t.Errorf("clear: %v", err)
	}
}

func TestTaskStorage(t *testing.T) {
	inst := laterProgram(t)
	m := mapOf(t, inst, "of_task")
	me := int64(os.Getpid())
	if got := entryText(t, m, me); got != "none" {
		t.Errorf("before, it is %s", got)
	}
	if !keepsStorage(t, m, me, int64(0)) {
		t.Skip("the rest needs storage")
	}
	checkEntry(t, m, me, int64(5), "5")
	key, _ := m.EncodeKey(me)
	if existed, err := m.Delete(key); !existed || err != nil {
		t.Errorf("delete: %v, %v", existed, err)
	}
	if got := entryText(t, m, int64(1<<30)); got != "error: map of_task: get: process 1073741824: no such process" {
		t.Errorf("a process that is none: %s", got)
	}
	if err := m.Entries().Err(); err == nil {
		t.Error("nobody can walk over it")
	}
}

func TestGlobals(t *testing.T) {
	inst := accessProgram(t)
	read := func(name string) string {
		typ, b, err := inst.Global(name)
		if err != nil {
			return err.Error()
		}
		return string(typ.AppendText(nil, b))
	}
	write := func(name string, value any) string {
		if err := inst.SetGlobal(name, value); err != nil {
			return err.Error()
		}
		return read(name)
	}
	hit(3)
	hit(3)
	for _, test := range [][2]string{
		{read("total"), "2"},
		{read("level"), "-5"},
		{read("settings"), `{on=false, limit=7, name="seven", first=0, rest=0}`},
		{read("targ_pid"), fmt.Sprint(os.Getpid())},
		{read("totl"), "no global variable named totl in test.bpf.o (did you mean total?)"},
		{write("level", int64(1<<40)), "level: 1099511627776 does not fit __s32"},
		{write("settings", table{"first": int64(2)}), "settings: field first: 2 does not fit 1 bits of __u8"},
		{write("targ_pid", int64(1)), "targ_pid: it is const, and can only be set before the program is loaded, with set_globals"},
		{write("settings", table{"on": true, "limit": int64(9), "first": int64(1), "rest": int64(100)}), `{on=true, limit=9, name="", first=1, rest=100}`},
		{read("total"), "2"},
		{read("list"), "[0, 0, 0, 0]"},
		{write("level", int64(-1)), "-1"},
	} {
		if test[0] != test[1] {
			t.Errorf("got %s, want %s", test[0], test[1])
		}
	}
	hit(3) // the program sees what was set
	hit(11)
	if got := read("list"); got != "[0, 0, 0, 1]" {
		t.Errorf("list is %s", got)
	}
	if names := inst.GlobalNames(); !slices.Contains(names, "total") || slices.Contains(names, "LICENSE") {
		t.Errorf("the variables are %v", names)
	}
}

func TestStackMaps(t *testing.T) {
	inst := accessProgram(t)
	hit(1)
	maps, err := inst.StackMaps()
	if err != nil || len(maps) != 2 {
		t.Fatalf("%d maps of stacks, %v", len(maps), err)
	}
	for name, m := range map[string]*bpf.Map{"user_stack": maps[0], "build_id_stack": maps[1]} {
		typ, b, err := inst.Global(name)
		if err != nil {
			t.Fatal(err)
		}
		id, _ := typ.Bits(b)
		frames, err := m.Stack(int64(id))
		if err != nil || len(frames) == 0 {
			t.Errorf("%s %d: %v, %v", name, int64(id), frames, err)
		}
		for _, id := range []int64{-14, 1 << 40} {
			if frames, err := m.Stack(id); frames != nil || err != nil {
				t.Errorf("stack %d is %v, %v", id, frames, err)
			}
		}
	}
}

func TestProgramStats(t *testing.T) {
	inst := accessProgram(t)
	for range 2 {
		if err := inst.MeasurePrograms(); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		hit(1)
	}
	stats, err := inst.ProgramStats()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(stats, func(s bpf.ProgramStats) bool { return s.Name == "on_access_test" })
	if i < 0 || stats[i].Runs < 10 || stats[i].Time <= 0 {
		t.Errorf("got %+v", stats)
	}
}

// What is asked of an instance that was closed is an error, and nothing worse.
func TestClosed(t *testing.T) {
	inst := accessProgram(t)
	counts, mail, groups := mapOf(t, inst, "counts"), mapOf(t, inst, "mail"), mapOf(t, inst, "groups")
	key, _ := counts.EncodeKey(int64(1))
	made, err := groups.NewInner()
	if err != nil {
		t.Fatal(err)
	}
	if err := inst.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Lookup":          func() error { _, err := counts.Lookup(key); return err },
		"Update":          func() error { return counts.Update(key, make([]byte, 8)) },
		"Delete":          func() error { _, err := counts.Delete(key); return err },
		"Count":           func() error { _, err := counts.Count(); return err },
		"Clear":           counts.Clear,
		"Push":            func() error { return mail.Push(make([]byte, 16)) },
		"Pop":             func() error { _, err := mail.Pop(); return err },
		"Peek":            func() error { _, err := mail.Peek(); return err },
		"Inner":           func() error { _, err := groups.Inner(key); return err },
		"inner Lookup":    func() error { _, err := made.Lookup(key); return err },
		"NewInner":        func() error { _, err := groups.NewInner(); return err },
		"Map":             func() error { _, err := inst.Map("counts"); return err },
		"Global":          func() error { _, _, err := inst.Global("total"); return err },
		"SetGlobal":       func() error { return inst.SetGlobal("total", int64(1)) },
		"ProgramStats":    func() error { _, err := inst.ProgramStats(); return err },
		"MeasurePrograms": inst.MeasurePrograms,
	} {
		if err := call(); !errors.Is(err, bpf.ErrClosed) {
			t.Errorf("%s: %v, want %v", name, err, bpf.ErrClosed)
		}
	}
}
