package corerelo

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"
)

// source is compiled for what its relocations are, and as a seed to fuzz from.
const source = `
struct in { int a, b; };
struct out { long x, y; struct in list[3]; } __attribute__((preserve_access_index));
enum e { ZERO, ONE };
long result, other;

__attribute__((section("raw_tp/one"), used)) int one(struct out *o)
{
	result = 7;
	result = o->y;
	other = o->list[2].b;
	return __builtin_preserve_field_info(o->x, 2);
}

__attribute__((section("raw_tp/two"), used)) int two(void)
{
	return __builtin_preserve_enum_value(*(enum e *)ONE, 1) + __builtin_preserve_type_info(*(struct out *)0, 1);
}
`

// compile returns the object of source, nil where there is no clang.
func compile(t testing.TB, flags ...string) []byte {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err != nil {
		return nil
	}
	dir := t.TempDir()
	c, object := filepath.Join(dir, "t.bpf.c"), filepath.Join(dir, "t.bpf.o")
	if err := os.WriteFile(c, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-O2", "-c", c, "-o", object}, flags...)
	if out, err := exec.Command(clang, args...).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	content, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestRead(t *testing.T) {
	type relocation struct {
		Section, Type, Access string
		Kind                  Kind
		Line                  int
	}
	want := []relocation{
		{"raw_tp/one", "out", "0:1", FieldByteOffset, 10},
		{"raw_tp/one", "out", "0:2:2", FieldByteOffset, 11},
		{"raw_tp/one", "out", "0:0", FieldExists, 12},
		{"raw_tp/two", "e", "1", EnumvalValue, 17},
		{"raw_tp/two", "out", "0", TypeSize, 17},
	}
	for _, target := range []string{"bpfel", "bpfeb"} {
		t.Run(target, func(t *testing.T) {
			object := compile(t, "-g", "-target", target)
			if object == nil {
				t.Skip("clang is not installed")
			}
			relocations, err := Read(bytes.NewReader(object))
			if err != nil {
				t.Fatal(err)
			}
			var got []relocation
			for _, r := range relocations {
				got = append(got, relocation{r.Section, r.Type.TypeName(), r.Access, r.Kind, r.Line})
				if filepath.Base(r.File) != "t.bpf.c" {
					t.Errorf("%s of %s is said to be in %q", r.Access, r.Type, r.File)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("relocations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	object := compile(t, "-g", "-target", "bpf")
	if object == nil {
		t.Skip("clang is not installed")
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if _, err := Read(self); err == nil || !strings.Contains(err.Error(), "it has no BTF") {
		t.Errorf("a program without BTF: got error %v", err)
	}
	for _, size := range []int{0, 1, 63, len(object) / 2, len(object) - 1} {
		if _, err := Read(bytes.NewReader(object[:size])); err == nil {
			t.Errorf("an object cut after %d bytes was read", size)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("\x7fELF"))
	for _, target := range []string{"bpfel", "bpfeb"} {
		if object := compile(f, "-g", "-target", target); object != nil {
			f.Add(object)
		}
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		_, _ = Read(bytes.NewReader(object))
	})
}

// The part that is ours, without an ELF file for the fuzzer to get through.
func FuzzDecode(f *testing.F) {
	b, err := btf.NewBuilder([]btf.Type{&btf.Int{Name: "int", Size: 4}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	spec, err := b.Spec()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("\x9f\xeb\x01\x00\x20\x00\x00\x00"+
		"\x00\x00\x00\x00\x00\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00\x00\x00"+"\x00\x00\x00\x00\x1c\x00\x00\x00"+
		"\x10\x00\x00\x00"+"\x01\x00\x00\x00\x01\x00\x00\x00"+
		"\x00\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x02\x00\x00\x00"), []byte("\x00raw_tp\x000:1\x00"))
	f.Fuzz(func(t *testing.T, ext, strings []byte) {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			d := decoder{order: order, spec: spec, strings: strings, code: func(string) []byte { return nil }}
			_, _ = d.decode(ext)
		}
	})
}
