package builder_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

// fixture is a project in a folder of its own, whose builds are recorded.
type fixture struct {
	*testing.T
	project *builder.Project
	opts    builder.Options
	log     []string // of the last build: steps, output and notices as one text each
	bin     string   // folder of scripts
}

// newFixture makes a project of the given files. The user's cache is shared by all
// tests of the process, so that vmlinux.h is made once.
func newFixture(t *testing.T, files map[string]string) *fixture {
	t.Helper()
	_, err := exec.LookPath("clang")
	skip.Unless(t, err)
	t.Setenv("XDG_CACHE_HOME", sharedCache)
	t.Setenv("CLANG", "")
	f := &fixture{T: t}
	dir := t.TempDir()
	f.project = &builder.Project{Name: "test", Dir: dir, File: filepath.Join(dir, "project.lua")}
	f.opts = builder.Options{Reporter: f, Notice: func(text string) { f.log = append(f.log, "notice: "+text) }}
	for name, text := range files {
		f.write(name, text)
	}
	return f
}

func (f *fixture) Step(s builder.Step) {
	f.log = append(f.log, fmt.Sprintf("[%d%%] <%s> %s %s", s.Percent, s.Target.Name, s.Verb, s.File))
	if len(s.Command) > 0 {
		f.log = append(f.log, strings.Join(s.Command, " "))
	}
}

func (f *fixture) Output(t *builder.Target, text []byte) {
	f.log = append(f.log, fmt.Sprintf("<%s> %s", t.Name, text))
}

func (f *fixture) path(name string) string { return filepath.Join(f.project.Dir, name) }

func (f *fixture) write(name, text string) {
	f.Helper()
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
}

// target adds a target of the files that patterns match.
func (f *fixture) target(name string, patterns ...string) *builder.Target {
	line := len(f.project.Targets)*10 + 1
	t := &builder.Target{Name: name, Kind: "auto", Default: true, Pos: diag.Pos{File: f.project.File, Line: line}}
	for i, p := range patterns {
		t.Files = append(t.Files, builder.Files{Pattern: p, Dir: f.project.Dir, Pos: diag.Pos{File: f.project.File, Line: line + 1 + i}})
	}
	f.project.Targets = append(f.project.Targets, t)
	return t
}

// build builds all targets anew from what is on disk.
func (f *fixture) build() (*builder.Result, error) {
	f.log = nil
	return builder.Build(context.Background(), f.project, f.project.Targets, f.opts)
}

func (f *fixture) mustBuild() *builder.Result {
	f.Helper()
	r, err := f.build()
	if err != nil {
		f.Fatalf("%v\n%s", err, strings.Join(f.log, "\n"))
	}
	return r
}

// wantSteps checks which files the last build worked on, in order.
func (f *fixture) wantSteps(files ...string) {
	f.Helper()
	var got []string
	for _, line := range f.log {
		if strings.HasPrefix(line, "[") {
			got = append(got, line[strings.LastIndex(line, "> ")+2:])
		}
	}
	if strings.Join(got, "\n") != strings.Join(files, "\n") {
		f.Errorf("got steps\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(files, "\n\t"))
	}
}

// wantUpToDate checks that a build has nothing to do.
func (f *fixture) wantUpToDate() {
	f.Helper()
	if r := f.mustBuild(); r.Built != 0 || len(f.log) > 0 {
		f.Errorf("built %d targets that were up to date:\n%s", r.Built, strings.Join(f.log, "\n"))
	}
}

var sharedCache string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ebpfx-builder-test-")
	if err != nil {
		panic(err)
	}
	sharedCache = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// Sources.
const (
	license = "char LICENSE[] SEC(\"license\") = \"GPL\";\n"

	// minimal takes nothing but libbpf's and the kernel's headers for user space.
	minimal = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tracepoint/syscalls/sys_enter_openat") int prog(void *ctx) { return 0; }
` + license

	// typical has the four headers that sources have.
	typical = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
struct event { __u32 pid; char comm[16]; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
SEC("tracepoint/syscalls/sys_enter_openat") int prog(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = BPF_CORE_READ(task, tgid);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}
` + license
)

func (f *fixture) check(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) read(name string) string {
	f.Helper()
	text, err := os.ReadFile(f.path(name))
	f.check(err)
	return string(text)
}

// script writes a shell script to a folder of its own and returns its path. PATH is as the
// test found it, since some tests empty theirs.
func (f *fixture) script(name, body string) string {
	f.Helper()
	if f.bin == "" {
		f.bin = f.TempDir()
	}
	path := filepath.Join(f.bin, name)
	f.check(os.WriteFile(path+".new", []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	f.check(os.Rename(path+".new", path))
	return path
}

// moveTo has the project lie in dir.
func (f *fixture) moveTo(dir string) {
	f.Helper()
	f.check(os.MkdirAll(dir, 0o755))
	from := f.project.Dir
	f.project.Dir, f.project.File = dir, filepath.Join(dir, "project.lua")
	for _, t := range f.project.Targets {
		for i := range t.Files {
			t.Files[i].Dir = dir
		}
		for i, d := range t.IncludeDirs {
			t.IncludeDirs[i] = dir + strings.TrimPrefix(d, from)
		}
	}
}

// wantTidy checks that no temporary file is left.
func (f *fixture) wantTidy() {
	f.Helper()
	for _, root := range []string{f.project.Dir, sharedCache} {
		f.check(filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if strings.HasPrefix(filepath.Base(path), "tmp-") || strings.HasSuffix(path, ".tmp") {
				f.Errorf("left behind: %s", path)
			}
			return err
		}))
	}
}
