package settle_test

import (
	"bytes"
	"debug/elf"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/ebpfx/ebpfx/builder/internal/settle"
	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

const source = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct value { int a; char *b; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, struct value); } values SEC(".maps");
int counter;
const volatile int limit = 3;
static __attribute__((noinline)) int twice(int x) { return 2 * x + counter; }
SEC("socket") int first(void *ctx)
{
	int key = 0;
	struct value *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	counter++;
	return twice(v->a) + limit;
}
SEC("socket") int second(void *ctx) { return twice(counter); }
char LICENSE[] SEC("license") = "GPL";
`

// compile returns the object of a source that a compiler makes with flags.
func compile(t *testing.T, source string, flags ...string) []byte {
	t.Helper()
	clang, err := exec.LookPath("clang")
	skip.Unless(t, err)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.bpf.c"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-O2", "-g", "-target", "bpfel", "-fdebug-compilation-dir=.", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c", "x.bpf.c", "-o", "x.o"}, flags...)
	cmd := exec.Command(clang, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	object, err := os.ReadFile(filepath.Join(dir, "x.o"))
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// contents returns what the sections of an object hold, by their names.
func contents(t *testing.T, object []byte) map[string]string {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NULL || s.Type == elf.SHT_NOBITS {
			continue
		}
		data, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		all[s.Name] = string(data)
	}
	return all
}

// symbols returns an object's symbols as text.
func symbols(t *testing.T, object []byte) map[string]elf.Symbol {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]elf.Symbol)
	for _, s := range list {
		if s.Name != "" {
			if s.Section < elf.SHN_LORESERVE {
				s.Section = 0 // sections are renumbered
			}
			named[s.Name] = s
		}
	}
	return named
}

func stripped(t *testing.T, object []byte) []byte {
	t.Helper()
	out, err := settle.Object(object)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStrip(t *testing.T) {
	object := compile(t, source)
	out := stripped(t, object)
	had, has := contents(t, object), contents(t, out)
	for name, data := range had {
		got, ok := has[name]
		switch {
		case strings.Contains(name, ".debug_") || name == ".llvm_addrsig":
			if ok {
				t.Errorf("%s is still there", name)
			}
		case name == ".strtab" || name == ".symtab" || strings.HasPrefix(name, ".rel"):
			if !ok {
				t.Errorf("%s is gone", name)
			}
		case got != data:
			t.Errorf("%s changed", name)
		}
	}
	for name, want := range symbols(t, object) {
		if got := symbols(t, out)[name]; got != want {
			t.Errorf("symbol %s was %+v, is %+v", name, want, got)
		}
	}
	if !bytes.Equal(stripped(t, out), out) {
		t.Error("stripped once more it changes")
	}
}

// With another DWARF, or none of some kind, the same program is the same object.
func TestDWARFIsAllThatDiffers(t *testing.T) {
	first := stripped(t, compile(t, source))
	for _, flags := range [][]string{{"-gdwarf-4"}, {"-fno-addrsig"}, {"-gz=zlib"}} {
		if !bytes.Equal(stripped(t, compile(t, source, flags...)), first) {
			t.Errorf("%q makes another object", flags)
		}
	}
}

// Loaders take what is left: cilium/ebpf and libbpf, and they see the same.
func TestStrippedObjectsLoad(t *testing.T) {
	for _, target := range []string{"bpfel", "bpfeb"} {
		object := compile(t, source, "-target", target)
		before, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
		if err != nil {
			t.Fatal(err)
		}
		after, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(stripped(t, object)))
		if err != nil {
			t.Fatal(err)
		}
		for name, p := range before.Programs {
			got := after.Programs[name]
			if got == nil || got.Instructions.String() != p.Instructions.String() {
				t.Errorf("%s: program %s was\n%v\nis\n%v", target, name, p, got)
			}
		}
		if len(after.Maps) != len(before.Maps) || len(after.Variables) != len(before.Variables) {
			t.Errorf("%s: %d maps and %d variables became %d and %d", target, len(before.Maps), len(before.Variables), len(after.Maps), len(after.Variables))
		}
	}

	bpftool, err := exec.LookPath("bpftool")
	skip.Unless(t, err)
	path := filepath.Join(t.TempDir(), "x.o")
	if err := os.WriteFile(path, stripped(t, compile(t, source)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"btf", "dump", "file", path}, {"gen", "skeleton", path}, {"gen", "object", path + ".linked", path}} {
		if out, err := exec.Command(bpftool, args...).CombinedOutput(); err != nil {
			t.Errorf("bpftool %q: %v\n%s", args, err, out)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := compile(t, source)
	change := func(at int, b byte) []byte {
		bad := bytes.Clone(good)
		bad[at] = b
		return bad
	}
	for name, object := range map[string][]byte{
		"empty":               nil,
		"text":                []byte(strings.Repeat("no object ", 100)),
		"cut":                 good[:len(good)/2],
		"32 bits":             change(elf.EI_CLASS, byte(elf.ELFCLASS32)),
		"executable":          change(16, byte(elf.ET_EXEC)),
		"no sections":         change(60, 0),
		"unknown byte order":  change(elf.EI_DATA, 9),
		"names in no section": change(62, 0xff),
	} {
		if _, err := settle.Object(object); err == nil || !strings.HasPrefix(err.Error(), "settle object: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzObject(f *testing.F) {
	if object, err := os.ReadFile("testdata/small.bpf.o"); err == nil {
		f.Add(object)
	} else {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		if out, err := settle.Object(object); err == nil && len(out) > 2*len(object)+1<<20 {
			t.Errorf("%d bytes became %d", len(object), len(out))
		}
	})
}

// Newer compilers enter forward declarations and type tags in the order of addresses in memory. Whatever that order
// was, the object is the same.
func TestOrderOfTheTail(t *testing.T) {
	object := compile(t, `
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __user __attribute__((btf_type_tag("user")))
struct zebra { int x; }; struct apple { int x; }; struct mango { int x; }; struct fig { int x; };
struct holder { struct zebra *z; struct apple __kptr *a; struct mango *m; const struct fig *f; struct fig __user *g; struct zebra __kptr *k; };
struct holder holder;
int f(struct holder *h) { return h->z != 0; }
`)
	want := stripped(t, object)
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	const seed = 3
	random := rand.New(rand.NewPCG(seed, seed))
	for range 50 {
		shuffled := bytes.Clone(object)
		if n := settle.ShuffleTail(shuffled, random.Perm); n < 4 {
			t.Fatalf("the tail has %d types", n)
		}
		if got := stripped(t, shuffled); !bytes.Equal(got, want) {
			t.Fatal("with its tail in another order it is another object")
		}
	}
	var holder *btf.Struct
	if err := spec.TypeByName("holder", &holder); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range holder.Members {
		names = append(names, m.Name+" "+pointee(m.Type))
	}
	if got, want := strings.Join(names, ", "), "z zebra, a apple, m mango, f fig, g fig, k zebra"; got != want {
		t.Errorf("members are %s, want %s", got, want)
	}
}

// pointee returns the name of what a pointer points to.
func pointee(typ btf.Type) string {
	for typ.TypeName() == "" || reflect.TypeOf(typ) == reflect.TypeFor[*btf.TypeTag]() {
		switch t := typ.(type) {
		case *btf.Pointer:
			typ = t.Target
		case *btf.Const:
			typ = t.Type
		case *btf.TypeTag:
			typ = t.Type
		default:
			return "?"
		}
	}
	return typ.TypeName()
}
