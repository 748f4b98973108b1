package cachedir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

// home sets up an environment and returns the folders in it.
func home(t *testing.T) (home, tmp string) {
	t.Helper()
	home, tmp = t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", home)
	t.Setenv("TMPDIR", tmp)
	return home, tmp
}

func text(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}

func mustFile(t *testing.T, c *Cache, name, content string) string {
	t.Helper()
	path, err := c.File(name, text(content))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Fatalf("got %q, %v, want %q", got, err, content)
	}
	if !c.Contains(path) {
		t.Errorf("%s is not in the cache", path)
	}
	return path
}

func TestPlaces(t *testing.T) {
	dir, tmp := home(t)
	if got, want := mustFile(t, New(nil), "a/b.h", "x"), dir+"/.cache/ebpfx/a/b.h"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "xdg"))
	if got, want := mustFile(t, New(nil), "a/b.h", "x"), dir+"/xdg/ebpfx/a/b.h"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	t.Setenv("XDG_CACHE_HOME", "relative")
	t.Setenv("HOME", "")
	if got := mustFile(t, New(nil), "a/b.h", "x"); !strings.HasPrefix(got, tmp+"/ebpfx-") {
		t.Errorf("without a home: got %s, want it below %s", got, tmp)
	}
}

func TestFileIsMadeOnce(t *testing.T) {
	home(t)
	c := New(nil)
	if c.Find("a") != "" {
		t.Error("found what is not there")
	}
	path := mustFile(t, c, "a", "x")
	again, err := c.File("a", func() ([]byte, error) { t.Error("made again"); return nil, nil })
	if err != nil || again != path || c.Find("a") != path {
		t.Errorf("got %s, %v", again, err)
	}
}

func TestMakersErrorIsReturned(t *testing.T) {
	home(t)
	want := errors.New("no BTF")
	c := New(nil)
	if _, err := c.File("a", func() ([]byte, error) { return nil, want }); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	if got := c.Find("a"); got != "" {
		t.Errorf("something was kept: %s", got)
	}
}

// A home that cannot be written, here because a file is in the way, which stops root too.
func TestFallback(t *testing.T) {
	dir, tmp := home(t)
	if err := os.WriteFile(filepath.Join(dir, ".cache"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var notices []string
	c := New(func(s string) { notices = append(notices, s) })
	path := mustFile(t, c, "a/b", "x")
	if !strings.HasPrefix(path, tmp) {
		t.Errorf("kept in %s", path)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], tmp) || !strings.Contains(notices[0], dir) {
		t.Errorf("told %q", notices)
	}
	if info, err := os.Stat(filepath.Dir(filepath.Dir(path))); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is open to others: %v, %v", info.Mode(), err)
	}
	// From then on it is simply found.
	notices = nil
	mustFile(t, New(func(s string) { notices = append(notices, s) }), "a/b", "x")
	if len(notices) > 0 {
		t.Errorf("told again: %q", notices)
	}
	if dir, err := c.Dir("d"); err != nil || !strings.HasPrefix(dir, tmp) {
		t.Errorf("Dir: %s, %v", dir, err)
	}
	if got := c.Dirs("d"); len(got) != 2 {
		t.Errorf("Dirs: %q", got)
	}
}

// Who can put files into a folder of temporary files that everybody knows the name of, has the headers of the next build.
func TestFallbackIsPrivate(t *testing.T) {
	for name, prepare := range map[string]func(path string) error{
		"open to others": func(path string) error {
			if err := os.Mkdir(path, 0o777); err != nil {
				return err
			}
			return os.Chmod(path, 0o777)
		},
		"link": func(path string) error { return os.Symlink(t.TempDir(), path) },
		"file": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"somebody else's": func(path string) error {
			if err := os.Mkdir(path, 0o755); err != nil {
				return err
			}
			return os.Chown(path, os.Geteuid()+1, -1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			home(t)
			t.Setenv("HOME", "")
			c := New(nil)
			skip.Unless(t, prepare(c.dirs[0].path))
			_, err := c.File("a", text("x"))
			if err == nil || !strings.Contains(err.Error(), "XDG_CACHE_HOME") {
				t.Errorf("got %v", err)
			}
			if got := c.Dirs("a"); len(got) != 0 {
				t.Errorf("would search %q", got)
			}
		})
	}
}
