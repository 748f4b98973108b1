package rawbtf

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"
)

// marshal returns BTF of types, whose numbers are as they stand, from 1 on.
func marshal(t testing.TB, types ...btf.Type) []byte {
	t.Helper()
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// sample returns types of all kinds that a layout has, of which struct outer is one.
func sample(t testing.TB) []byte {
	integer := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	inner := &btf.Union{Name: "inner", Size: 8, Members: []btf.Member{
		{Name: "number", Type: &btf.Typedef{Name: "number_t", Type: integer}},
		{Name: "kind", Type: &btf.Enum{Name: "kind", Size: 4, Values: []btf.EnumValue{{Name: "ONE", Value: 1}}}},
		{Name: "large", Type: &btf.Enum{Name: "large", Size: 8, Values: []btf.EnumValue{{Name: "LARGE", Value: 1 << 40}}}},
	}}
	behind := &btf.Struct{Name: "behind", Size: 4, Members: []btf.Member{{Name: "member", Type: integer}}}
	outer := &btf.Struct{Name: "outer", Size: 48, Members: []btf.Member{
		{Name: "list", Type: &btf.Array{Index: integer, Type: &btf.Const{Type: &btf.Volatile{Type: inner}}, Nelems: 2}},
		{Name: "next", Type: &btf.Pointer{Target: behind}, Offset: 128},
		{Name: "low", Type: integer, Offset: 192, BitfieldSize: 3},
		{Name: "real", Type: &btf.Float{Name: "double", Size: 8}, Offset: 256},
	}}
	behind.Members = append(behind.Members, btf.Member{Name: "back", Type: &btf.Pointer{Target: outer}})
	call := &btf.FuncProto{Return: integer, Params: []btf.FuncParam{{Name: "p", Type: &btf.Pointer{Target: outer}}}}
	return marshal(t, integer, behind, outer, &btf.Struct{Name: "outer___other", Size: 1}, &btf.Fwd{Name: "outer", Kind: btf.FwdUnion},
		&btf.Typedef{Name: "call_t", Type: call}, &btf.Func{Name: "outer", Type: call, Linkage: btf.GlobalFunc})
}

func TestFind(t *testing.T) {
	x, err := NewIndex(sample(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := x.Find([]string{"outer", "int", "oute", "outer_", "outer___other", "list"})
	want := map[string][]Match{
		"outer":  {{3, Struct, false}, {4, Struct, true}, {5, Forward, false}, {7, Func, false}},
		"int":    {{1, Int, false}},
		"oute":   nil,
		"outer_": nil,
		"list":   nil,

		"outer___other": {{4, Struct, false}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
}

// TestFindSplit: types of a module go on from those of the kernel, in numbers and in strings.
func TestFindSplit(t *testing.T) {
	base, err := NewIndex(sample(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	place := uint32(bytes.Index(base.strings, []byte("\x00outer\x00")) + 1)
	var module []byte
	for _, v := range []uint32{magic | 1<<16, HeaderSize, 0, 2 * TypeSize, 2 * TypeSize, 8,
		uint32(len(base.strings)), Struct << 24, 8, // the first string of its own
		place, Struct << 24, 16} {
		module = binary.NativeEndian.AppendUint32(module, v)
	}
	module = append(module, "its_own\x00"...)
	x, err := NewIndex(module, base)
	if err != nil {
		t.Fatal(err)
	}
	first := base.first + base.count
	want := map[string][]Match{"its_own": {{first, Struct, false}}, "outer": {{first + 1, Struct, false}}, "behind": nil}
	if diff := cmp.Diff(want, x.Find([]string{"its_own", "outer", "behind"})); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
}

// TestFindInKernel: whatever the types of the running kernel are called, they are found, and are in their places.
func TestFindInKernel(t *testing.T) {
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		t.Skip(err)
	}
	x, err := NewIndex(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string][]Match)
	for id, raw := range all.At {
		if id == 0 {
			continue
		}
		if !bytes.Equal(x.at(uint32(id)), raw) {
			t.Fatalf("type %d is not in its place", id)
		}
		if name := all.Name(NameOf(raw)); name != "" && id%7 == 0 {
			want[name] = nil
			want[string(Essential([]byte(name)))] = nil
		}
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	for id, raw := range all.At[1:] {
		name := all.Name(NameOf(raw))
		essential := string(Essential([]byte(name)))
		if matches, ok := want[essential]; ok && name != "" {
			want[essential] = append(matches, Match{uint32(id + 1), KindOf(raw), essential != name})
		}
		if matches, ok := want[name]; ok && essential != name {
			want[name] = append(matches, Match{uint32(id + 1), KindOf(raw), false})
		}
	}
	if diff := cmp.Diff(want, x.Find(names)); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
}

func TestExcerpt(t *testing.T) {
	x, err := NewIndex(sample(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x.Excerpt([]uint32{4, 3, 6})
	if err != nil {
		t.Fatal(err)
	}
	excerpt, err := btf.LoadSplitSpecFromReader(bytes.NewReader(raw), nil)
	if err != nil {
		t.Fatal(err)
	}
	var outer *btf.Struct
	if err := excerpt.TypeByName("outer", &outer); err != nil {
		t.Fatal(err)
	}
	integer := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	want := &btf.Struct{Name: "outer", Size: 48, Members: []btf.Member{
		{Name: "list", Type: &btf.Array{Index: integer, Type: &btf.Const{Type: &btf.Volatile{Type: &btf.Union{Name: "inner", Size: 8, Members: []btf.Member{
			{Name: "number", Type: &btf.Typedef{Name: "number_t", Type: integer}},
			{Name: "kind", Type: &btf.Enum{Name: "kind", Size: 4, Values: []btf.EnumValue{{Name: "ONE", Value: 1}}}},
			{Name: "large", Type: &btf.Enum{Name: "large", Size: 8, Values: []btf.EnumValue{{Name: "LARGE", Value: 1 << 40}}}},
		}}}}, Nelems: 2}},
		{Name: "next", Type: &btf.Pointer{Target: (*btf.Void)(nil)}, Offset: 128},
		{Name: "low", Type: integer, Offset: 192, BitfieldSize: 3},
		{Name: "real", Type: &btf.Float{Name: "double", Size: 8}, Offset: 256},
	}}
	if diff := cmp.Diff(want, outer); diff != "" {
		t.Errorf("struct outer (-want +got):\n%s", diff)
	}
	var call *btf.Typedef
	if err := excerpt.TypeByName("call_t", &call); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(btf.Type(&btf.FuncProto{Params: []btf.FuncParam{}, Return: (*btf.Void)(nil)}), call.Type); diff != "" {
		t.Errorf("call_t (-want +got):\n%s", diff)
	}
	if types, err := excerpt.AnyTypesByName("behind"); err == nil {
		t.Errorf("what a pointer points to is there: %v", types)
	}
	// The order is that of the whole: the candidates of a relocation are tried in it.
	own, err := NewIndex(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := own.Find([]string{"outer"})["outer"]
	if len(found) != 2 || found[0].Flavoured || !found[1].Flavoured {
		t.Errorf("candidates are %v", found)
	}
}

// FuzzIndex: BTF that lies costs no more than it is large, and an excerpt of it is BTF.
func FuzzIndex(f *testing.F) {
	f.Add(sample(f), uint32(3))
	f.Add(marshal(f, &btf.Int{Name: "int", Size: 4}), uint32(1))
	cyclic := sample(f)
	at := bytes.Index(cyclic, []byte{0, 0, 0, Typedef})
	binary.NativeEndian.PutUint32(cyclic[at+4:], 3)
	f.Add(cyclic, uint32(3))
	f.Fuzz(func(t *testing.T, data []byte, id uint32) {
		before := slices.Clone(data)
		x, err := NewIndex(data, nil)
		if err != nil {
			return
		}
		roots := []uint32{id}
		for _, matches := range x.Find([]string{"outer", "int", "x", ""}) {
			for _, m := range matches {
				roots = append(roots, m.ID)
			}
		}
		if split, err := NewIndex(data, x); err == nil {
			split.Find([]string{"outer", "int"})
		}
		excerpt, err := x.Excerpt(roots)
		if !bytes.Equal(data, before) {
			t.Fatal("the BTF is changed")
		}
		if err != nil {
			return
		}
		if len(excerpt) > len(data)+HeaderSize {
			t.Errorf("an excerpt of %d bytes has %d", len(data), len(excerpt))
		}
		if _, err := NewIndex(excerpt, nil); err != nil {
			t.Error(err)
		}
		if spec, err := btf.LoadSplitSpecFromReader(bytes.NewReader(excerpt), nil); err == nil {
			for _, err := range spec.All() {
				_ = err
			}
		}
	})
}
