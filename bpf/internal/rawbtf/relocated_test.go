package rawbtf

import (
	"bytes"
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// sectionsOf returns the sections .BTF and .BTF.ext of an object.
func sectionsOf(t testing.TB, object []byte) (types, ext []byte) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	if types, err = f.Section(".BTF").Data(); err != nil {
		t.Fatal(err)
	}
	if ext, err = f.Section(".BTF.ext").Data(); err != nil {
		t.Fatal(err)
	}
	return types, ext
}

func relocatedOf(t testing.TB, object []byte) []Relocated {
	t.Helper()
	data, ext := sectionsOf(t, object)
	types, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	all, err := types.Relocated(ext)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b Relocated) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(all)
}

func TestRelocated(t *testing.T) {
	want := []Relocated{{"task_struct", Struct, true}, {"work_func_t", Typedef, true}}
	got := relocatedOf(t, testprog.RelocatedBeyond)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("relocated types (-want +got):\n%s", diff)
	}
	if got := relocatedOf(t, testprog.Streams); len(got) > 0 {
		t.Errorf("a program without relocations is relocated by %v", got)
	}
	var names []string
	for _, r := range relocatedOf(t, testprog.Relocated) {
		if r.Beyond {
			t.Errorf("%s is asked for more than its layout", r.Name)
		}
		names = append(names, r.Name)
	}
	// Without flavours, and each kind by itself: pid_t and pid_type are two.
	if text := strings.Join(names, " "); !strings.Contains(text, "perf_callchain_context pid pid_t pid_t pid_type pid_type") || strings.Contains(text, "___") {
		t.Errorf("relocated types are %s", text)
	}
}

// TestRelocatedDamaged: records that are not what they say to be are an error.
func TestRelocatedDamaged(t *testing.T) {
	data, ext := sectionsOf(t, testprog.RelocatedBeyond)
	types, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for size := range ext {
		if got, err := types.Relocated(ext[:size]); err == nil {
			t.Fatalf("%d of %d bytes are read as %v", size, len(ext), got)
		}
	}
	few := &Types{At: types.At[:2], Strings: types.Strings}
	if got, err := few.Relocated(ext); err == nil {
		t.Errorf("relocations of types that are not there are read as %v", got)
	}
}

func FuzzRelocated(f *testing.F) {
	for _, object := range [][]byte{testprog.Relocated, testprog.RelocatedBeyond, testprog.Streams} {
		data, ext := sectionsOf(f, object)
		f.Add(data, ext)
	}
	f.Fuzz(func(t *testing.T, data, ext []byte) {
		types, err := Parse(data)
		if err != nil {
			return
		}
		if all, err := types.Relocated(ext); err == nil && len(all) > len(ext) {
			t.Errorf("%d types in %d bytes", len(all), len(ext))
		}
	})
}
