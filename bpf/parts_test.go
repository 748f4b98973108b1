package bpf_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestMapsAlone: an object without programs can be looked at, and is told apart from one that runs.
func TestMapsAlone(t *testing.T) {
	path := compile(t, "parts.bpf.c")
	o, err := bpf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if all := o.Maps(); len(all) != 1 || all[0].Name != "table" {
		t.Errorf("its maps are %v", all)
	}
	needKernel(t)
	if _, err := o.Load(bpf.LoadOptions{}); err == nil || err.Error() != "load "+path+": it holds no program" {
		t.Errorf("Load says %v", err)
	}
}

// TestExternMap: libbpf refuses the object, too ("unrecognized extern section").
func TestExternMap(t *testing.T) {
	_, err := bpf.Open(compile(t, "parts.bpf.c", "-DOF_MAP"))
	const want = "map table is only declared in it; build it together with the file that defines the map: add_files takes several"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Open says %v", err)
	}
}

// TestInspectParts: what needs another file is described, with what that is to define.
func TestInspectParts(t *testing.T) {
	for _, tc := range []struct {
		name    string
		options []string
		want    bpf.UndefinedDescription
		maps    []string // of the object
	}{
		{"map", []string{"-DOF_MAP"}, bpf.UndefinedDescription{Name: "table", Programs: []string{"look"}}, nil},
		{"map among others", []string{"-DOF_MAP", "-DOWN_MAP"}, bpf.UndefinedDescription{Name: "table", Programs: []string{"look"}}, []string{"own"}},
		{"function", []string{"-DOF_FUNCTION"}, bpf.UndefinedDescription{Name: "elsewhere", Programs: []string{"call"}}, []string{"table"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := bpf.Inspect(compile(t, "parts.bpf.c", tc.options...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]bpf.UndefinedDescription{tc.want}, d.Undefined); diff != "" {
				t.Error(diff)
			}
			var maps []string
			for _, m := range d.Maps {
				maps = append(maps, m.Name)
			}
			if diff := cmp.Diff(tc.maps, maps); diff != "" {
				t.Error(diff)
			}
			if tc.name != "function" && !slices.Contains(d.Programs[0].Maps, "table") {
				t.Errorf("the program's maps are %v", d.Programs[0].Maps)
			}
		})
	}
}

// TestExternFunction: what needs another file is told, and the rest runs.
func TestExternFunction(t *testing.T) {
	o, err := bpf.Open(compile(t, "parts.bpf.c", "-DOF_FUNCTION"))
	if err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{})
	attached, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	if len(attached) != 1 || attached[0].Program != "alone" {
		t.Errorf("attached %v", attached)
	}
	const want = "it refers to elsewhere, which the object does not define; build it together with the file that does: add_files takes several"
	if len(skipped) != 1 || !strings.HasSuffix(skipped[0].Error(), want) {
		t.Errorf("skipped %v", skipped)
	}
}
