package dwarftype_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf/internal/dwarftype"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// compile compiles a source of testdata for this machine.
func compile(t testing.TB, source string, flags ...string) []byte {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err != nil {
		if os.Getenv("EBPFX_REQUIRE_KERNEL") != "" {
			t.Fatal(err)
		}
		t.Skip("needs clang: ", err)
	}
	object := filepath.Join(t.TempDir(), "x.bpf.o")
	args := append([]string{"-O2", "-g", "-Wall", "-Wno-unused", "--target=bpf", "-I/usr/include/" + multiarch(t), "-c", filepath.Join("testdata", source), "-o", object}, flags...)
	if out, err := exec.Command(clang, args...).CombinedOutput(); err != nil {
		t.Fatalf("clang %q: %v\n%s", args, err, out)
	}
	b, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// multiarch is the name of the folder in which Debian keeps headers of this machine.
func multiarch(t testing.TB) string {
	found, err := filepath.Glob("/usr/include/*-linux-gnu/asm")
	if err != nil || len(found) == 0 {
		t.Skip("no headers of the C library")
	}
	return filepath.Base(filepath.Dir(found[0]))
}

func load(t *testing.T, object []byte) *btf.Spec {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// tagged returns the types of records by map.
func tagged(t *testing.T, object []byte) map[string][]btf.Type {
	t.Helper()
	all := make(map[string][]btf.Type)
	for typ, err := range load(t, object).All() {
		if err != nil {
			t.Fatal(err)
		}
		var tags []string
		switch typ := typ.(type) {
		case *btf.Struct:
			tags = typ.Tags
		case *btf.Typedef:
			tags = typ.Tags
		}
		for _, tag := range tags {
			if name, ok := strings.CutPrefix(tag, dwarftype.Tag); ok {
				all[name] = append(all[name], typ)
			}
		}
	}
	return all
}

func annotate(t *testing.T, object []byte) []byte {
	t.Helper()
	before := bytes.Clone(object)
	annotated, err := dwarftype.Annotate(object)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, object) {
		t.Error("the object that was given is changed")
	}
	return annotated
}

func TestAnnotate(t *testing.T) {
	want := map[string]string{
		"inlined": "inlined_event", "called": "called_event called_other", "reserved": "reserved_event", "either": "either_event", "perf": "either_event",
		"through": "through_event", "headed": "headed_event", "open_ended": "open_event", "unnamed": "unnamed_event", "in_block": "local_event",
		"holder": "held_event", "written": "written_event",
	}
	for _, flags := range [][]string{{"-gdwarf-5"}, {"-gdwarf-4"}, {"-mcpu=v1"}, {"-mcpu=v3"}, {"-O1"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			got := make(map[string]string)
			for name, types := range tagged(t, annotate(t, compile(t, "wrapped.bpf.c", flags...))) {
				var names []string
				for _, typ := range types {
					names = append(names, typ.TypeName())
				}
				slices.Sort(names)
				got[name] = strings.Join(names, " ")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestConvert: what comes from DWARF must be laid out as the compiler has it in BTF, where that has the type, too.
func TestConvert(t *testing.T) {
	shown := load(t, compile(t, "wrapped.bpf.c", "-DSHOWN"))
	for _, flags := range [][]string{{"-gdwarf-5"}, {"-gdwarf-4"}} {
		for _, types := range tagged(t, annotate(t, compile(t, "wrapped.bpf.c", flags...))) {
			for _, typ := range types {
				own, err := shown.AnyTypeByName(typ.TypeName())
				if err != nil {
					continue // the one that only its function knows, and the one without an end
				}
				if diff := cmp.Diff(describe(own, 0), describe(typ, 0)); diff != "" {
					t.Errorf("%s with %q: %s", typ.TypeName(), flags, diff)
				}
			}
		}
	}
}

// describe returns the layout of a type as text. Pointers are only said to be some, and enums have the sign that clang 14 leaves out of BTF.
func describe(t btf.Type, depth int) string {
	indent := strings.Repeat("  ", depth)
	members := func(kind, name string, size uint32, members []btf.Member) string {
		text := fmt.Sprintf("%s %s %d\n", kind, name, size)
		for _, m := range members {
			text += fmt.Sprintf("%s  %s %d:%d %s\n", indent, m.Name, m.Offset, m.BitfieldSize, describe(m.Type, depth+1))
		}
		return text
	}
	switch t := t.(type) {
	case *btf.Struct:
		return members("struct", t.Name, t.Size, t.Members)
	case *btf.Union:
		return members("union", t.Name, t.Size, t.Members)
	case *btf.Typedef:
		return t.Name + " = " + describe(t.Type, depth)
	case *btf.Const:
		return "const " + describe(t.Type, depth)
	case *btf.Array:
		return fmt.Sprintf("[%d]%s", t.Nelems, describe(t.Type, depth))
	case *btf.Enum:
		text := fmt.Sprintf("enum %s %d", t.Name, t.Size)
		for _, v := range t.Values {
			text += fmt.Sprintf(" %s=%#x", v.Name, v.Value<<(64-8*t.Size)>>(64-8*t.Size))
		}
		return text
	case *btf.Int:
		return fmt.Sprintf("%s %d %s", t.Name, t.Size, t.Encoding)
	case *btf.Pointer:
		return "pointer"
	}
	return fmt.Sprintf("%T", t)
}

// TestLeavesOthers: objects of which nothing is to be known stay as they are.
func TestLeavesOthers(t *testing.T) {
	for name, object := range map[string][]byte{"stripped": testprog.Event, "all known": testprog.Streams, "sends nothing": testprog.Attach} {
		t.Run(name, func(t *testing.T) {
			if annotated := annotate(t, object); &annotated[0] != &object[0] {
				t.Error("the object is another one")
			}
		})
	}
}

// TestTwice: what is written is not written again.
func TestTwice(t *testing.T) {
	once := annotate(t, compile(t, "wrapped.bpf.c"))
	if twice := annotate(t, once); len(twice) != len(once) {
		t.Errorf("it grows from %d to %d bytes", len(once), len(twice))
	}
}

// FuzzAnnotate damages good objects in two places: what is no ELF file at all is refused at once and teaches nothing.
func FuzzAnnotate(f *testing.F) {
	objects := [][]byte{compile(f, "wrapped.bpf.c", "-gdwarf-5"), compile(f, "wrapped.bpf.c", "-gdwarf-4")}
	f.Add(uint(0), []byte{}, uint(0), []byte{})
	f.Add(uint(1), []byte{1}, uint(64), []byte{0xff})
	f.Fuzz(func(t *testing.T, first uint, a []byte, second uint, b []byte) {
		object := bytes.Clone(objects[first%2])
		copy(object[first/2%uint(len(object)):], a)
		copy(object[second%uint(len(object)):], b)
		annotated, err := dwarftype.Annotate(object)
		if err == nil && len(annotated) > 8*len(object) {
			t.Errorf("%d bytes became %d", len(object), len(annotated))
		}
	})
}
