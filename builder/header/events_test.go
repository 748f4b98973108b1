package header_test

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/header"
	"github.com/ebpfx/ebpfx/builder/internal/skip"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// compile compiles source with further flags and returns the object's path.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	clang, _, err := toolchain.FindClang(t.Context(), "", nil)
	skip.Unless(t, err)
	object := filepath.Join(t.TempDir(), "x.o")
	host := toolchain.HostTarget()
	args := []string{"-g", "-Wall", "-Werror", "-target", host.Triple, "-D__TARGET_ARCH_" + host.Arch}
	for _, dir := range toolchain.SystemIncludes(host) {
		args = append(args, "-idirafter", dir)
	}
	args = append(append(args, flags...), "-c", source, "-o", object)
	if out, err := exec.Command(clang.Path, args...).CombinedOutput(); err != nil {
		t.Fatalf("clang %q: %v\n%s", args, err, out)
	}
	return object
}

// include returns the flags that put the event header in front of a source.
func include(t *testing.T) []string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	path, err := header.Events(cachedir.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-include", path}
}

// code returns all that the kernel runs, and what it is relocated by, as text by section.
func code(t *testing.T, object string) map[string]string {
	t.Helper()
	f, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	for _, s := range f.Sections {
		switch {
		case s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_ALLOC != 0 && s.Name != ".ebpfx.events":
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			sections[s.Name] = fmt.Sprintf("%x", data)
		case s.Type == elf.SHT_REL && f.Sections[s.Info].Flags&elf.SHF_EXECINSTR != 0:
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			for ; len(data) >= 16; data = data[16:] {
				info := f.ByteOrder.Uint64(data[8:])
				sym := syms[info>>32-1]
				name := sym.Name
				if elf.ST_TYPE(sym.Info) == elf.STT_SECTION {
					name = f.Sections[sym.Section].Name
				}
				fmt.Fprintf(&text, "%d %d %s\n", f.ByteOrder.Uint64(data), uint32(info), name)
			}
			sections[s.Name] = text.String()
		}
	}
	return sections
}

// The header adds no instruction, no data that is loaded, no relocation, at any level of optimisation.
func TestEventsLeaveCodeAlone(t *testing.T) {
	flags := include(t)
	sources, err := filepath.Glob("testdata/*.bpf.c")
	if err != nil || len(sources) < 2 {
		t.Fatalf("%q, %v", sources, err)
	}
	for _, source := range sources {
		for _, level := range []string{"-O1", "-O2", "-Os"} {
			t.Run(filepath.Base(source)+level, func(t *testing.T) {
				plain := code(t, compile(t, source, level))
				with := code(t, compile(t, source, append(slices.Clone(flags), level)...))
				if diff := cmp.Diff(plain, with); diff != "" {
					t.Errorf("code differs with the header (-without +with):\n%s", diff)
				}
			})
		}
	}
}

// eventSites renders what the header left in an object, in the order of the section: the format that package bpf reads.
func eventSites(t *testing.T, object string) []string {
	t.Helper()
	f, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	section := f.Section(".ebpfx.events")
	if section == nil {
		return nil
	}
	if section.Flags&elf.SHF_WRITE == 0 {
		t.Error("the section is read-only")
	}
	data, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpec(object)
	if err != nil {
		t.Fatal(err)
	}
	var datasec *btf.Datasec
	if err := spec.TypeByName(".ebpfx.events", &datasec); err != nil {
		t.Fatal(err)
	}
	vars := slices.Clone(datasec.Vars)
	slices.SortFunc(vars, func(a, b btf.VarSecinfo) int { return int(a.Offset) - int(b.Offset) })
	var sites []string
	for _, v := range vars {
		variable := v.Type.(*btf.Var)
		fn, kind, _ := strings.Cut(variable.Name, ".__ebpfx_")
		kind, _, _ = strings.Cut(kind, ".")
		if kind == "data" {
			data, ok := variable.Type.(*btf.Pointer)
			if !ok {
				t.Fatalf("%s is %s", variable.Name, typeText(variable.Type))
			}
			sites = append(sites, fn+" "+typeText(data.Target))
			continue
		}
		text, _, ended := bytes.Cut(data[v.Offset:v.Offset+v.Size], []byte{0})
		if !ended {
			t.Errorf("%s has no NUL", variable.Name)
		}
		sites = append(sites, fmt.Sprintf("%s %s %q", fn, kind, text))
	}
	return sites
}

// typeText renders a type, with whether structs are whole.
func typeText(typ btf.Type) string {
	switch typ := typ.(type) {
	case *btf.Pointer:
		return typeText(typ.Target) + "*"
	case *btf.Array:
		return fmt.Sprintf("%s[%d]", typeText(typ.Type), typ.Nelems)
	case *btf.Const:
		return "const " + typeText(typ.Type)
	case *btf.Typedef:
		return typ.Name + "=" + typeText(typ.Type)
	case *btf.Struct:
		return fmt.Sprintf("struct %s{%d}", typ.Name, len(typ.Members))
	case *btf.Union:
		return fmt.Sprintf("union %s{%d}", typ.Name, len(typ.Members))
	case *btf.Void:
		return "void"
	case *btf.Int:
		return typ.Name
	}
	return fmt.Sprintf("%T", typ)
}

var wantSites = []string{
	`reserve reserve "&events"`,
	`reserve struct event{3}*`, `reserve stream "submit:"`,
	`reserve reserve "&others"`,
	`reserve struct event{3}*`, `reserve stream "submit:"`,
	`output struct event{3}*`, `output stream "output:&events"`,
	`output struct event{3}[2]`, `output stream "output:&events"`,
	`output const struct event{3}*`, `output stream "output:&events"`,
	`output void*`, `output stream "output:&events"`,
	`output char[8]`, `output stream "output:&events"`,
	`output union either{2}*`, `output stream "output:&events"`,
	`output const struct event{3}*`, `output stream "output:&others"`,
	`output struct event{3}*`, `output stream "output:i ? &events : (void *)&others"`,
	`output int*`, `output stream "output:&events"`,
	`shapes void*`, `shapes stream "output:&events"`,
	`shapes char*`, `shapes stream "output:&events"`,
	`shapes void*`, `shapes stream "perf:&perf"`,
	`shapes void*`, `shapes stream "output:&events"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes union either{2}*`, `shapes stream "perf:&perf"`,
	`shapes struct nested{2}*`, `shapes stream "perf:&perf"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes struct event{3}*`, `shapes stream "output:&events"`,
	`shapes struct event{3}[2]`, `shapes stream "output:&events"`,
	`shapes struct event{3}[2]*`, `shapes stream "output:&events"`,
	`shapes long[3]`, `shapes stream "output:&events"`,
	`shapes void*`, `shapes stream "output:&events"`,
	`shapes void*`, `shapes stream "output:&events"`,
	`shapes int`, `shapes stream "output:&events"`,
	`shapes struct nested{2}*`, `shapes stream "output:&events"`,
	`on_xdp other_t=struct {1}*`, `on_xdp stream "xdp:&perf"`,
	`on_tc other_t=struct {1}*`, `on_tc stream "skb:&perf"`,
	`on_iter struct event{3}*`, `on_iter stream "seq:"`,
	`on_iter const char[5]`, `on_iter stream "seq:"`,
	`texts const char[6]`, `texts stream "seq:"`,
	`texts char[8]`, `texts stream "seq:"`,
	`texts const struct event{3}[2]`, `texts stream "seq:"`,
	`called struct event{3}*`, `called stream "output:&others"`,
	`inlined other_t=struct {1}*`, `inlined stream "perf:&perf"`,
}

// byFunction sorts sites by function and keeps their order in each: clang may emit functions in any.
func byFunction(sites []string) []string {
	sites = slices.Clone(sites)
	slices.SortStableFunc(sites, func(a, b string) int {
		return strings.Compare(strings.Fields(a)[0], strings.Fields(b)[0])
	})
	return sites
}

func TestEventsFormat(t *testing.T) {
	flags := include(t)
	object := compile(t, "testdata/calls.bpf.c", append(flags, "-O2")...)
	if diff := cmp.Diff(byFunction(wantSites), byFunction(eventSites(t, object))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := eventSites(t, compile(t, "testdata/none.bpf.c", append(flags, "-O2")...)); got != nil {
		t.Errorf("a source that sends nothing has %q", got)
	}
}

// What the header left outlives the linker, for targets of several sources.
func TestEventsOutliveLinking(t *testing.T) {
	bpftool, _, err := toolchain.FindBpftool(t.Context())
	skip.Unless(t, err)
	flags := append(include(t), "-O2")
	linked := filepath.Join(t.TempDir(), "linked.o")
	one, two := compile(t, "testdata/calls.bpf.c", flags...), compile(t, "testdata/second.bpf.c", flags...)
	if out, err := exec.Command(bpftool, "gen", "object", linked, one, two).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := append(slices.Clone(wantSites), `second struct second{1}*`, `second stream "output:&more"`)
	if diff := cmp.Diff(byFunction(want), byFunction(eventSites(t, linked))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Loaders do not trip over the section.
func TestEventsAreIgnoredByLoaders(t *testing.T) {
	spec, err := ebpf.LoadCollectionSpec(compile(t, "testdata/calls.bpf.c", append(include(t), "-O2")...))
	if err != nil {
		t.Fatal(err)
	}
	for name := range spec.Maps {
		if strings.Contains(name, "ebpfx") {
			t.Errorf("the section is map %s", name)
		}
	}

	bpftool, _, err := toolchain.FindBpftool(t.Context())
	skip.Unless(t, err)
	object := compile(t, "testdata/second.bpf.c", append(include(t), "-O2")...)
	bpffs := t.TempDir()
	if err := syscall.Mount("bpf", bpffs, "bpf", 0, ""); err != nil {
		skip.Unless(t, fmt.Errorf("mount a bpffs, to load a program with libbpf: %w", err))
	}
	defer syscall.Unmount(bpffs, syscall.MNT_DETACH)
	if out, err := exec.Command(bpftool, "prog", "loadall", object, filepath.Join(bpffs, "programs")).CombinedOutput(); err != nil {
		t.Errorf("libbpf refuses the object: %v\n%s", err, out)
	}
}
