package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
)

// Every folder of templates is listed and every listed one is there.
func TestTemplates(t *testing.T) {
	entries, err := fs.ReadDir(sources, "templates")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(Templates()) {
		t.Errorf("%d folders, %d templates", len(entries), len(Templates()))
	}
	for _, tmpl := range Templates() {
		files, err := render("x", []string{tmpl.Name})
		if err != nil {
			t.Errorf("%s: %v", tmpl.Name, err)
			continue
		}
		source := string(files[1].text)
		if !strings.HasPrefix(source, "// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause\n") {
			t.Errorf("%s: no licence in the first line of its source", tmpl.Name)
		}
		if !strings.Contains(string(files[0].text), `target("`+tmpl.Name+`")`) {
			t.Errorf("%s: its target has another name", tmpl.Name)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	paths, err := Write(dir, []string{"xdp", "tracepoint"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		filepath.Join(dir, "project.lua"),
		filepath.Join(dir, "src", "xdp.bpf.c"),
		filepath.Join(dir, "src", "tracepoint.bpf.c"),
		filepath.Join(dir, ".luarc.json"),
		filepath.Join(dir, "types", "ebpfx.lua"),
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	for _, p := range want {
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}
}

// A folder that is in use stays as it is.
func TestWriteKeepsWhatExists(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir, []string{"xdp"}); err == nil {
		t.Error("wrote into a folder that is not empty")
	}
	if got := names(t, dir); !cmp.Equal(got, []string{"precious"}) {
		t.Errorf("left %q", got)
	}
}

// A failure half way leaves nothing behind.
func TestWriteCleansUp(t *testing.T) {
	top := t.TempDir()
	if err := os.WriteFile(filepath.Join(top, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Write(filepath.Join(top, "file", "new"), []string{"xdp"})
	if err == nil {
		t.Fatal("made a folder in a file")
	}
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v hides the cause", err)
	}
	if got := names(t, top); !cmp.Equal(got, []string{"file"}) {
		t.Errorf("left %q", got)
	}
}

// FuzzLuaString checks that a name means itself in Lua, whatever it holds.
func FuzzLuaString(f *testing.F) {
	for _, s := range []string{"", "demo", `it's "odd"`, `\`, "a\nb\x001", "\xff\xfe", "ünï", "]]", "%d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		L := lua.NewState()
		defer L.Close()
		if err := L.DoString("name = " + luaString(s)); err != nil {
			t.Fatalf("%q: %v", luaString(s), err)
		}
		if got := lua.LVAsString(L.GetGlobal("name")); got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
