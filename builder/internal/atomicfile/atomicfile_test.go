package atomicfile

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

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

func TestWriteReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ü file")
	for _, content := range []string{"a long first content", "short", ""} {
		if err := Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != content {
			t.Errorf("got %q, want %q", got, content)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("temporary files are left: %q", got)
	}
}

func TestWriteLeavesNothingOnError(t *testing.T) {
	dir := t.TempDir()
	// A folder cannot be replaced by a file, so the rename fails after all has been written.
	path := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("x")); err == nil {
		t.Fatal("wrote over a folder")
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("temporary files are left: %q", got)
	}
}

// Readers beside several writers must see one writer's content, whole.
func TestWriteIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	contents := make([][]byte, 4)
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{byte('a' + i)}, 100_000)
	}
	if err := Write(path, contents[0]); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for _, c := range contents {
		writers.Go(func() {
			for range 20 {
				if err := Write(path, c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(contents[0]) || bytes.Count(got, got[:1]) != len(got) {
			t.Fatal("a reader saw a mixture or a part")
		}
	}
}

func TestFilesOfRootBelongToTheFolder(t *testing.T) {
	const uid, gid = 12345, 23456
	dir := filepath.Join(t.TempDir(), "theirs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	skip.Unless(t, os.Chown(dir, uid, gid))
	deep := filepath.Join(dir, "a/b")
	if err := MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(deep, "f"), nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{filepath.Dir(deep), deep, filepath.Join(deep, "f")} {
		info, err := os.Lstat(p)
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != uid || st.Gid != gid {
			t.Errorf("%s belongs to %d:%d, want %d:%d", p, st.Uid, st.Gid, uid, gid)
		}
	}
}

func TestMkdirAllOnAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{file, filepath.Join(file, "below")} {
		if err := MkdirAll(p, 0o755); err == nil {
			t.Errorf("made folder %s", p)
		}
	}
}
