package builder_test

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program is a source with one program.
func program(name string) string {
	return fmt.Sprintf(`#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct event_%[1]s { int %[1]s; };
extern int shared;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring_%[1]s SEC(".maps");
SEC("tracepoint/syscalls/sys_enter_openat") int %[1]s(void *ctx)
{
	struct event_%[1]s e = {1};
	bpf_ringbuf_output(&ring_%[1]s, &e, sizeof(e), 0);
	return 0;
}
`, name)
}

// symbols returns the names of the global functions of an object.
func functions(t *testing.T, path string) string {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range syms {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestLink(t *testing.T) {
	f := newFixture(t, map[string]string{
		"src/a.bpf.c":     program("a"),
		"src/b.bpf.c":     program("b") + "char LICENSE[] SEC(\"license\") = \"GPL\";\n",
		"src/sub/a.bpf.c": program("c"), // a second a.bpf.c
		"lib/ready.bpf.c": program("ready"),
	})
	f.target("ready", "lib/ready.bpf.c")
	f.mustBuild()
	f.check(os.Rename(f.path(".ebpfx/ready.bpf.o"), f.path("lib/ready.bpf.o")))
	f.project.Targets = nil

	whole := f.target("whole", "src/**/*.bpf.c", "lib/*.bpf.o")
	r := f.mustBuild()
	f.wantSteps("compiling src/a.bpf.c", "compiling src/b.bpf.c", "compiling src/sub/a.bpf.c", "linking .ebpfx/whole.bpf.o")
	if r.Built != 1 {
		t.Errorf("Built is %d", r.Built)
	}
	if got := functions(t, r.Objects[whole]); got != "a b c ready" {
		t.Errorf("the object has %q", got)
	}
	f.wantUpToDate()
	f.wantTidy()

	for name, change := range map[string]struct {
		do   func()
		want []string
	}{
		"a source": {func() { f.write("src/a.bpf.c", program("a")+"\n") }, []string{"compiling src/a.bpf.c", "linking .ebpfx/whole.bpf.o"}},
		"the ready object": {func() {
			f.target("ready", "lib/ready.bpf.c")
			f.write("lib/ready.bpf.c", program("other"))
			f.mustBuild()
			f.check(os.Rename(f.path(".ebpfx/ready.bpf.o"), f.path("lib/ready.bpf.o")))
			f.project.Targets = f.project.Targets[:1]
		}, []string{"linking .ebpfx/whole.bpf.o"}},
		"a source more":          {func() { f.write("src/d.bpf.c", program("d")) }, []string{"compiling src/d.bpf.c", "linking .ebpfx/whole.bpf.o"}},
		"a source less":          {func() { f.check(os.Remove(f.path("src/b.bpf.c"))) }, []string{"linking .ebpfx/whole.bpf.o"}},
		"the linked object gone": {func() { f.check(os.Remove(f.path(".ebpfx/whole.bpf.o"))) }, []string{"linking .ebpfx/whole.bpf.o"}},
	} {
		t.Run(name, func(t *testing.T) {
			change.do()
			f.mustBuild()
			f.wantSteps(change.want...)
			f.wantUpToDate()
		})
	}

	// From several sources to one.
	whole.Files = whole.Files[:1]
	whole.Files[0].Pattern = "src/a.bpf.c"
	if got := functions(t, f.mustBuild().Objects[whole]); got != "a" {
		t.Errorf("with one source the object has %q", got)
	}
	f.wantUpToDate()
}

func TestTwoProgramsOfOneName(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": program("same"), "b.bpf.c": strings.ReplaceAll(program("same"), "ring_same", "ring_b")})
	f.target("whole", "*.bpf.c")
	_, err := f.build()
	want := "link whole: b.bpf.c defines same, which another file of the target defines too; rename one of them, or make it static"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	f.wantTidy()
	if _, err := os.Stat(f.path(".ebpfx/whole.bpf.o")); err == nil {
		t.Error("an object was left")
	}
}

func TestLinkObjectThatIsNone(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": program("a"), "bad.bpf.o": "this is text"})
	f.target("whole", "*.bpf.c", "bad.bpf.o")
	_, err := f.build()
	if err == nil || !strings.HasPrefix(err.Error(), "link whole: ") {
		t.Errorf("got %v", err)
	}
	if log := strings.Join(f.log, "\n"); !strings.Contains(log, "bad.bpf.o") {
		t.Errorf("bpftool's words are not shown:\n%s", log)
	}
}

// A bpftool that fails says so itself, and one that is killed is told of; the sources need not be compiled again.
func TestBpftoolFails(t *testing.T) {
	for body, want := range map[string]string{
		"echo no luck >&2; exit 3": "link whole: bpftool exited with status 3",
		"kill -9 $$":               "link whole: bpftool was killed (SIGKILL), as the kernel does when memory runs out",
		"kill -SEGV $$":            "link whole: bpftool crashed",
	} {
		f := newFixture(t, map[string]string{"a.bpf.c": program("a"), "b.bpf.c": program("b")})
		f.target("whole", "*.bpf.c")
		tool := f.script("bpftool", `case $1 in version) echo bpftool v7 ;; *) `+body+` ;; esac`)
		path := os.Getenv("PATH")
		t.Setenv("PATH", filepath.Dir(tool)+":"+path)
		_, err := f.build()
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
		f.wantTidy()
		t.Setenv("PATH", path)
		f.mustBuild()
		f.wantSteps("linking .ebpfx/whole.bpf.o")
	}
}
