package luart

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// project loads files, of which project.lua is the first to run, and returns the result with dir, where they are.
func project(t *testing.T, files map[string]string) (s *Script, dir string) {
	t.Helper()
	dir = writeProject(t, files)
	s, err := Load(filepath.Join(dir, "project.lua"), LoadOptions{Stdout: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, dir
}

// withoutPos ignores positions, which other tests are about.
var withoutPos = cmpopts.IgnoreTypes(diag.Pos{})

func TestTargets(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []*builder.Target
	}{
		{"nothing said", `target("a")`,
			[]*builder.Target{{Name: "a", Kind: "auto", Default: true}}},
		{"setters", `
			target("a")
				set_kind("uprobe") set_description("d") set_default(false) set_binary("liba.so")
				add_files("a.bpf.c", {"b.bpf.c", {"c.bpf.c"}})
				add_defines("A", "B=1") add_cflags({"-Wall", "-g"})`,
			[]*builder.Target{{Name: "a", Kind: "uprobe", Description: "d", Binary: "liba.so",
				Files:   []builder.Files{{Pattern: "a.bpf.c"}, {Pattern: "b.bpf.c"}, {Pattern: "c.bpf.c"}},
				Defines: []string{"A", "B=1"}, CFlags: []string{"-Wall", "-g"}}}},
		{"set replaces, add appends, opened again", `
			target("a") set_kind("xdp") add_defines("A")
			target("b")
			target("a") set_kind("tc") add_defines("B")`,
			[]*builder.Target{{Name: "a", Kind: "tc", Default: true, Defines: []string{"A", "B"}},
				{Name: "b", Kind: "auto", Default: true}}},
		{"root is the default", `
			set_kind("xdp") set_default(false) add_defines("ROOT")
			target("a") add_defines("A")
			target("b") set_kind("tc") set_default(true)
			target_end()
			add_defines("LATE")`,
			[]*builder.Target{{Name: "a", Kind: "xdp", Defines: []string{"ROOT", "LATE", "A"}},
				{Name: "b", Kind: "tc", Default: true, Defines: []string{"ROOT", "LATE"}}}},
		{"table and function close the target", `
			target("a", {kind = "xdp", defines = {"A"}, deps = "b", default = false,
				globals = {n = 1}, attach_to = {"p", "lo"}, binary = "x", cflags = "-g", description = "d"})
			target("b", function() set_kind("tc") add_defines("B") end)
			add_defines("ROOT")`,
			[]*builder.Target{
				{Name: "a", Kind: "xdp", Defines: []string{"ROOT", "A"}, CFlags: []string{"-g"}, Description: "d", Binary: "x",
					Deps: []builder.Dep{{Name: "b"}}, Globals: []builder.Global{{Name: "n", Value: int64(1)}},
					Hooks: []builder.Hook{{Program: "p", Where: "lo"}}},
				{Name: "b", Kind: "tc", Default: true, Defines: []string{"ROOT", "B"}}}},
		{"globals", `
			set_globals{z = 1, level = 2}
			target("a") set_globals{
				yes = true, n = -5, big = 0xffffffffffffffff, half = 0.5, s = "x", huge = 1e30, top = 9223372036854775807,
				list = {1, {2}}, t = {a = {b = "c"}}, none = {}}
			set_globals{level = 3}`,
			[]*builder.Target{{Name: "a", Kind: "auto", Default: true, Globals: []builder.Global{
				{Name: "level", Value: int64(3)}, {Name: "z", Value: int64(1)},
				{Name: "big", Value: ^uint64(0)}, {Name: "half", Value: 0.5}, {Name: "huge", Value: 1e30},
				{Name: "list", Value: []any{int64(1), []any{int64(2)}}},
				{Name: "n", Value: int64(-5)}, {Name: "none", Value: []any{}}, {Name: "s", Value: "x"},
				{Name: "t", Value: map[string]any{"a": map[string]any{"b": "c"}}},
				{Name: "top", Value: int64(1<<63 - 1)}, {Name: "yes", Value: true}}}}},
		{"hooks", `
			target("a")
				attach_to("p", "vfs_read")
				attach_to("p", "vfs_write", {pid = 7, offset = 0x10, cookie = 0xfffffffffffffff0, binary = "libc.so.6", retprobe = true})`,
			[]*builder.Target{{Name: "a", Kind: "auto", Default: true, Hooks: []builder.Hook{
				{Program: "p", Where: "vfs_read"},
				{Program: "p", Where: "vfs_write", PID: 7, Offset: 16, Cookie: 0xfffffffffffffff0, Binary: "libc.so.6", Retprobe: true}}}}},
		{"code between", `
			for _, name in ipairs({"a", "b"}) do
				target(name)
					if name < "b" then add_defines("FIRST") end
			end`,
			[]*builder.Target{{Name: "a", Kind: "auto", Default: true, Defines: []string{"FIRST"}}, {Name: "b", Kind: "auto", Default: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, dir := project(t, map[string]string{"project.lua": test.text})
			for _, want := range test.want {
				for i := range want.Files {
					want.Files[i].Dir = dir
				}
			}
			if diff := cmp.Diff(test.want, s.Project().Targets, withoutPos, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestProject(t *testing.T) {
	s, dir := project(t, map[string]string{"project.lua": `
set_project("tools")
set_version("1.2.3")
target("a")
    add_files("a.bpf.c")
        attach_to("p", "f") add_deps("b")
target("b")
`})
	p := s.Project()
	if p.Name != "tools" || p.Version != "1.2.3" || p.Dir != dir || p.File != filepath.Join(dir, "project.lua") {
		t.Errorf("got %q %q in %s of %s", p.Name, p.Version, p.Dir, p.File)
	}
	a := p.Target("a")
	for what, got := range map[string]diag.Pos{
		"4:1": a.Pos, "5:5": a.Files[0].Pos, "6:9": a.Hooks[0].Pos, "6:29": a.Deps[0].Pos,
	} {
		if want := displayPath(p.File) + ":" + what; got.String() != want {
			t.Errorf("got the position %v, want %s", got, want)
		}
	}
}

// Paths are relative to the file that names them.
func TestPaths(t *testing.T) {
	s, dir := project(t, map[string]string{
		"project.lua": `
			add_includedirs("inc") set_btf("running")
			includes("sub")
			target("top")
				add_files("src/**.bpf.c") set_binary("bin/prog") attach_to("p", "./bin/prog:main") attach_to("p", "bin:sym", {binary = "../x"})`,
		"sub/project.lua": `
			target("inner") add_files("*.bpf.c") add_includedirs("inc", "/usr/include") set_binary("prog") set_btf("k.btf")
				attach_to("p", "/bin/sh:main")
			require("flags")()`,
		"sub/flags.lua": `return function() add_includedirs("more") end`,
	})
	sub := filepath.Join(dir, "sub")
	want := []*builder.Target{
		{Name: "inner", Kind: "auto", Default: true, Files: []builder.Files{{Pattern: "*.bpf.c", Dir: sub}}, Binary: "prog", BTF: builder.BTF{File: filepath.Join(sub, "k.btf")},
			IncludeDirs: []string{filepath.Join(dir, "inc"), filepath.Join(sub, "inc"), "/usr/include", filepath.Join(sub, "more")},
			Hooks:       []builder.Hook{{Program: "p", Where: "/bin/sh:main"}}},
		{Name: "top", Kind: "auto", Default: true, Files: []builder.Files{{Pattern: "src/**.bpf.c", Dir: dir}},
			Binary: filepath.Join(dir, "bin/prog"), BTF: builder.BTF{File: builder.BTFRunning}, IncludeDirs: []string{filepath.Join(dir, "inc")},
			Hooks: []builder.Hook{{Program: "p", Where: filepath.Join(dir, "bin/prog") + ":main"},
				{Program: "p", Where: "bin:sym", Binary: filepath.Join(filepath.Dir(dir), "x")}}},
	}
	if diff := cmp.Diff(want, s.Project().Targets, withoutPos, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestHandlers(t *testing.T) {
	s, _ := project(t, map[string]string{"project.lua": `
		local function f() end
		on_event(f) on_event("lines", f) on_load(f) every(250, f)
		target("a") on_event("rb", f) on_load(f) on_exit(f) on_lost(f) every(0.5, f)
		target("b") on_event(f)
		target("a") on_event("lines", f)
	`})
	type summary struct {
		Streams           []string
		Load, Exit, Lost  int
		Intervals         []time.Duration
		LinesOfItsOwn     bool
		HandlersOfDefault bool
	}
	got := make(map[string]summary)
	for target, h := range s.handlers {
		sum := summary{Load: len(h.load), Exit: len(h.exit), Lost: len(h.lost)}
		for _, e := range h.events {
			sum.Streams = append(sum.Streams, e.stream)
			if e.stream == "lines" {
				sum.LinesOfItsOwn = e.pos.Line > 3
			}
			if e.stream == "" {
				sum.HandlersOfDefault = e.pos.Line == 3
			}
		}
		slices.Sort(sum.Streams)
		for _, timer := range h.timers {
			sum.Intervals = append(sum.Intervals, timer.interval)
		}
		got[target.Name] = sum
	}
	want := map[string]summary{
		"a": {Streams: []string{"", "lines", "rb"}, Load: 2, Exit: 1, Lost: 1, LinesOfItsOwn: true, HandlersOfDefault: true,
			Intervals: []time.Duration{250 * time.Millisecond, 500 * time.Microsecond}},
		"b": {Streams: []string{"", "lines"}, Load: 1, Intervals: []time.Duration{250 * time.Millisecond}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestPrintAtFileLevel(t *testing.T) {
	var out bytes.Buffer
	if _, err := loadText(t, `print("a", 1, nil, true, 9007199254740993) io.write("b", 2, "\n") os.print("c", {1, x = 2})`, LoadOptions{Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if want := "a\t1\tnil\ttrue\t9007199254740993\nb2\nc{1, x=2}\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestLoadEndsWithContext(t *testing.T) {
	file := filepath.Join(writeProject(t, map[string]string{"project.lua": `print("started") while true do end`}), "project.lua")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := LoadContext(ctx, file, LoadOptions{Stdout: writerFunc(func([]byte) { cancel() })})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A coroutine that the description made works in callbacks, whatever becomes of the context of loading.
func TestCoroutineOutlivesLoading(t *testing.T) {
	file := filepath.Join(writeProject(t, map[string]string{
		"project.lua": `co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) assert(co() == 1)`}), "project.lua")
	ctx, cancel := context.WithCancel(t.Context())
	s, err := LoadContext(ctx, file, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	if err := s.state.DoString(`assert(co() == 2)`); err != nil {
		t.Error(err)
	}
}

// writerFunc is called for what is written.
type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestOrigin(t *testing.T) {
	s, err := Load("testdata/origin/project.lua", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir, err := filepath.Abs("testdata/origin")
	if err != nil {
		t.Fatal(err)
	}
	want := []*builder.Target{{
		Name: "ebpf_program1", Kind: "uprobe", Default: true,
		Files: []builder.Files{{Pattern: "src/opensnoop.bpf.c", Dir: dir}, {Pattern: "src/uprobe.bpf.c", Dir: dir}},
		Hooks: []builder.Hook{{Program: "handler_entry_uprobe", Where: "lua_pcall"}},
	}}
	if diff := cmp.Diff(want, s.Project().Targets, withoutPos, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if h := s.handlers[s.Project().Targets[0]]; len(h.events) != 1 || s.entry == nil {
		t.Errorf("got %d callbacks, entry %v", len(h.events), s.entry)
	}
}

func TestMissingFile(t *testing.T) {
	for _, file := range []string{"testdata/nothing.lua", "testdata"} {
		_, err := Load(file, LoadOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), "read "+file+": ") {
			t.Errorf("%s: %v", file, err)
		}
	}
	if _, err := Load("/dev/zero", LoadOptions{}); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("/dev/zero: %v", err)
	}
}
