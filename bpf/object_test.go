package bpf_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/foreign"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

func TestPrograms(t *testing.T) {
	got := open(t, testprog.Sections).Programs()
	want := []bpf.Program{
		{Name: "works", Section: "tp/syscalls/sys_enter_getppid", Kind: "tracepoint", Target: "syscalls/sys_enter_getppid"},
		{Name: "misspelt", Section: "tracepiont/syscalls/sys_enter_getppid"},
		{Name: "no_such_event", Section: "tp/syscalls/sys_enter_getpidd", Kind: "tracepoint", Target: "syscalls/sys_enter_getpidd"},
		{Name: "no_target", Section: "uprobe", Kind: "uprobe"},
		{Name: "runs_once", Section: "syscall", Kind: "syscall"},
		{Name: "no_direction", Section: "tc", Kind: "tc"},
		{Name: "no_such_tracepoint", Section: "tp_btf/sched_swich", Kind: "tp_btf", Target: "sched_swich"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// describe renders what is known of each stream: "map kind method: type(size), ... [candidates]".
func describe(o *bpf.Object) []string {
	var lines []string
	for _, s := range o.Streams() {
		line := fmt.Sprintf("%s %s %q:", s.Map, s.Kind, s.Method)
		for _, t := range s.Types {
			line += fmt.Sprintf(" %s(%d)", t.Name, t.Size)
		}
		for _, c := range s.Candidates {
			line += fmt.Sprintf(" [%s]", c)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestStreamTypes(t *testing.T) {
	for _, tc := range []struct {
		name   string
		object []byte
		want   []string
	}{
		{"from the source", testprog.Streams, []string{
			`plain ringbuf "source": struct plain_event(24)`,
			`several ringbuf "source": struct short_event(8) long_event_t(24)`,
			`inlined ringbuf "source": struct inlined_event(10)`,
			`copied ringbuf "source": struct plain_event(24)`,
			`scalar ringbuf "source": __u64(8)`,
			`untyped ringbuf "":`,
			`perf perf "source": struct perf_event(8) struct perf_other(40)`,
		}},
		{"through subprograms", testprog.Calls, []string{
			`first ringbuf "source": struct call_event(32)`,
			`third ringbuf "source": struct call_event(32)`,
			`second ringbuf "source": struct call_event(32)`,
		}},
		{"from sizes", testprog.Bare, []string{
			`one ringbuf "size": struct bare_sample(40)`,
			`two ringbuf "": [struct bare_left] [struct bare_right]`,
			`none ringbuf "":`,
		}},
		{"struct event", testprog.Event, []string{
			`events ringbuf "struct event": struct event(40)`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, describe(open(t, tc.object))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDynptr: a record has the type of what is written to its beginning, or of what points there.
func TestDynptr(t *testing.T) {
	o, err := bpf.Open(compile(t, "dynptr.bpf.c"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`sized ringbuf "source": struct dynptr_event(8)`,
		`other ringbuf "":`,
		`filled ringbuf "debug info": struct filled_event(16)`,
	}
	if diff := cmp.Diff(want, describe(o)); diff != "" {
		t.Error(diff)
	}
	inst := load(t, o, bpf.LoadOptions{})
	attach(t, inst)
	records := run(t, inst, stir)
	i := slices.IndexFunc(records, func(r record) bool { return r.stream == "sized" && r.field(t, "pid") == uint64(os.Getpid()) })
	if i < 0 {
		t.Fatalf("no event of this process among %v", records)
	}
	if r := records[i]; len(r.data) < 8+int(r.field(t, "length")) {
		t.Errorf("%v has %d bytes", r, len(r.data))
	}
}

func TestSetStreamType(t *testing.T) {
	o := open(t, testprog.Bare)
	for _, name := range []string{"bare_right", "struct bare_right"} {
		if err := o.SetStreamType("two", name); err != nil {
			t.Fatal(err)
		}
		if got, want := describe(o)[1], `two ringbuf "override": struct bare_right(56)`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, tc := range []struct{ stream, typ, want string }{
		{"tow", "bare_left", "no ring or perf buffer named tow in test.bpf.o (did you mean two?)"},
		{"two", "bare_lft", "no type named bare_lft in test.bpf.o (did you mean bare_left?)"},
		{"two", "union bare_left", "no type named union bare_left in test.bpf.o (did you mean bare_left?)"},
	} {
		if err := o.SetStreamType(tc.stream, tc.typ); err == nil || err.Error() != tc.want {
			t.Errorf("SetStreamType(%q, %q): got %v, want %s", tc.stream, tc.typ, err, tc.want)
		}
	}
}

func TestEnumerators(t *testing.T) {
	got := open(t, testprog.Streams).Enumerators()
	maps.Copy(got, open(t, testprog.Globals).Enumerators())
	for name, want := range map[string]int64{"ALLOW": 1, "FAST": 1, "SLOW": 2} {
		if got[name] != want {
			t.Errorf("%s is %d, want %d", name, got[name], want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	good := testprog.Event
	patch := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return b
	}
	for _, tc := range []struct {
		name   string
		object []byte
		want   string
	}{
		{"empty", nil, "the file is empty"},
		{"text", []byte("int main(void) { return 0; }"), "it is no ELF file; an eBPF object is what clang -target bpf -c leaves"},
		{"header cut", good[:40], "the file is truncated: 40 bytes"},
		{"cut", good[:len(good)/2], "the file is truncated: its section headers lie beyond its"},
		{"32 bits", patch(func(b []byte) { b[elf.EI_CLASS] = byte(elf.ELFCLASS32) }), "it is a 32-bit ELF file, no eBPF object"},
		{"machine", patch(func(b []byte) { binary.LittleEndian.PutUint16(b[18:], uint16(elf.EM_X86_64)) }),
			"it is for X86_64, not for eBPF; compile it with clang -target bpf"},
		{"byte order", bigEndian(good), "it is for big-endian machines and this one is little-endian; compile it with -target bpfel"},
		{"no BTF", patch(func(b []byte) { rename(b, ".BTF\x00", ".XXX\x00") }),
			"it holds no BTF, which describes its types; compile it with clang -g"},
		{"two programs of one name", sameName(testprog.Sections, "works", "misspelt"),
			"two programs are called misspelt, in sections tp/syscalls/sys_enter_getppid and tracepiont/syscalls/sys_enter_getppid; rename one of them"},
		{"section outside", patch(func(b []byte) { setSection(b, ".BTF", 32, 1<<40) }), "the file is truncated: section .BTF ends beyond its"},
		{"huge", patch(func(b []byte) { setSection(b, ".bss", 32, 1<<40) }), "section .bss is too large: 1048576 MB, the limit is 64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := bpf.OpenReader("x.bpf.o", bytes.NewReader(tc.object))
			want := "open object x.bpf.o: " + tc.want
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	t.Run("own executable", func(t *testing.T) {
		path, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bpf.Open(path); err == nil || !strings.Contains(err.Error(), "not for eBPF") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("absent", func(t *testing.T) {
		_, err := bpf.Open(filepath.Join(t.TempDir(), "absent.bpf.o"))
		if !os.IsNotExist(unwrap(err)) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("folder", func(t *testing.T) {
		if _, err := bpf.Open(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), "it is a folder") {
			t.Errorf("got %v", err)
		}
	})
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

// bigEndian returns the object as it is for big-endian machines.
func bigEndian(object []byte) []byte {
	turned, err := foreign.Turn(object)
	if err != nil {
		panic(err)
	}
	return turned
}

func rename(b []byte, from, to string) { copy(b[bytes.Index(b, []byte(from)):], to) }

// sameName gives the symbol called from the name of another.
func sameName(b []byte, from, to string) []byte {
	b = bytes.Clone(b)
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		panic(err)
	}
	// The table starts with an empty symbol, which is not among those read.
	entry := func(name string) []byte {
		i := 1 + slices.IndexFunc(symbols, func(s elf.Symbol) bool { return s.Name == name })
		return b[f.SectionByType(elf.SHT_SYMTAB).Offset+uint64(i*elf.Sym64Size):]
	}
	copy(entry(from)[:4], entry(to)[:4])
	return b
}

// setSection writes a u64 at an offset of a section's header.
func setSection(b []byte, name string, offset int, value uint64) {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	i := slices.IndexFunc(f.Sections, func(s *elf.Section) bool { return s.Name == name })
	const header = 64 // sizeof(Elf64_Shdr)
	table := binary.LittleEndian.Uint64(b[40:])
	binary.LittleEndian.PutUint64(b[table+uint64(i*header+offset):], value)
}

// FuzzOpen opens damaged objects: an error is fine, a panic or a program that takes all memory is not.
func FuzzOpen(f *testing.F) {
	for _, object := range [][]byte{testprog.Streams, testprog.Bare, testprog.Calls, testprog.Globals, testprog.Attach} {
		f.Add(object)
		f.Add(object[:len(object)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := bpf.OpenReader("fuzz", bytes.NewReader(b))
		if err != nil {
			return
		}
		o.Programs()
		for _, s := range o.Streams() {
			s.Type(len(b))
		}
		o.Enumerators()
		_ = o.SetGlobal("targ_pid", int64(1))
		if _, err := json.Marshal(o.Describe()); err != nil {
			t.Error(err)
		}
	})
}
