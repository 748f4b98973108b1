package builder

import (
	"os"
	"path/filepath"
	"testing"
)

// A file whose times lie after the start of clang may have changed while clang read it. It may also come from
// a time before the clock was set back: then its times were the same before, and
// it is relied on, or every build would be in vain.
func TestHashAsCompiled(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.h"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	stat, err := statFile(filepath.Join(dir, "a.h"))
	if err != nil {
		t.Fatal(err)
	}
	other := stat
	other.Inode++
	for _, tc := range []struct {
		name    string
		started int64
		known   map[string]fileStat
		want    bool
	}{
		{"older than the start", stat.ChangeTime + 1, nil, true},
		{"newer than the start", stat.ChangeTime - 1, nil, false},
		{"written at the start", stat.ChangeTime, nil, false},
		{"newer, but the same as before", stat.ChangeTime - 1, map[string]fileStat{"a.h": stat}, true},
		{"newer, and not the same as before", stat.ChangeTime - 1, map[string]fileStat{"a.h": other}, false},
		{"older, and not the same as before", stat.ChangeTime + 1, map[string]fileStat{"a.h": other}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &compilation{build: &build{files: newFiles(dir, nil), started: tc.started}, before: tc.known}
			if got := c.hashAsCompiled("a.h"); (got != "") != tc.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Times are relied on only once they are old enough that another change would change them.
func TestLookReliesOnSettledTimes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := newFiles(dir, nil)
	if hash, _ := f.look("a"); hash == "" || f.known["a"].Stat != nil {
		t.Errorf("the times of a file written just now are relied on: %q, %+v", hash, f.known["a"])
	}
	stat, err := statFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f.known["a"] = fileState{Stat: &stat, Hash: "remembered"}
	if hash, _ := f.look("a"); hash != "remembered" {
		t.Errorf("a file of the same times was read: %q", hash)
	}
	stat.Inode++
	if hash, _ := f.look("a"); hash == "remembered" {
		t.Error("another file of that name was not read")
	}
	if hash, _ := f.look("absent"); hash != "" {
		t.Errorf("got %q for a file that is not there", hash)
	}
}
