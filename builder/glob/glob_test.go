package glob

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree makes files (and links, written "name -> target") in a new folder.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	// The folder's own name is no pattern.
	dir := filepath.Join(t.TempDir(), "a[b] *")
	for _, name := range names {
		name, target, link := strings.Cut(name, " -> ")
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil && link {
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFiles(t *testing.T) {
	for _, tc := range []struct {
		name, pattern string
		files         []string
		want          []string
	}{
		{"literal", "src/a.c", []string{"src/a.c", "src/b.c"}, []string{"src/a.c"}},
		{"literal that is not there", "src/x.c", []string{"src/a.c"}, nil},
		{"a folder is no file", "src", []string{"src/a.c"}, nil},
		{"star stays in its folder", "src/*.c", []string{"src/b.c", "src/a.c", "src/x/c.c", "src/a.h"}, []string{"src/a.c", "src/b.c"}},
		{"star skips folders", "*", []string{"a.c", "b/c.c"}, []string{"a.c"}},
		{"star for a folder", "*/main.c", []string{"a/main.c", "b/main.c", "main.c"}, []string{"a/main.c", "b/main.c"}},
		{"question mark and class", "[a-b]?.c", []string{"a1.c", "b2.c", "c3.c", "a.c"}, []string{"a1.c", "b2.c"}},
		{"tree, none included", "src/**/*.c", []string{"src/a.c", "src/x/y/b.c", "other/c.c"}, []string{"src/a.c", "src/x/y/b.c"}},
		{"tree at the start", "**/*.c", []string{"a.c", "x/b.c"}, []string{"a.c", "x/b.c"}},
		{"tree at the end", "src/**", []string{"src/a.c", "src/x/b.h"}, []string{"src/a.c", "src/x/b.h"}},
		{"tree twice", "**/t/**/*.c", []string{"t/a.c", "x/t/y/b.c", "x/t/t/c.c", "d.c"}, []string{"t/a.c", "x/t/t/c.c", "x/t/y/b.c"}},
		{"tree next to tree", "**/**/**", []string{"a.c", "x/y/b.c"}, []string{"a.c", "x/y/b.c"}},
		{"hidden", "**/*.c", []string{".git/a.c", ".b.c", "c.c"}, []string{"c.c"}},
		{"hidden when asked for", ".git/.*.c", []string{".git/.a.c", ".git/b.c"}, []string{".git/.a.c"}},
		{"odd names", "**/*.c", []string{`q"uote'.c`, "sp ace/ü 日.c", "new\nline.c"}, []string{"new\nline.c", `q"uote'.c`, "sp ace/ü 日.c"}},
		{"a name that looks like a pattern", "a[1].c", []string{"a[1].c", "a1.c"}, []string{"a[1].c"}},
		{"linked file", "*.c", []string{"x/a.h", "l.c -> x/a.h"}, []string{"l.c"}},
		{"linked folder", "**/*.c", []string{"a/x.c", "b -> ../outside", "../outside/y.c"}, []string{"a/x.c", "b/y.c"}},
		{"own name before the link's", "**/*.c", []string{"z/x.c", "a -> z"}, []string{"z/x.c"}},
		{"loop to itself", "**/*.c", []string{"a/x.c", "a/loop -> ."}, []string{"a/x.c"}},
		{"loop to the root", "**/*.c", []string{"a/x.c", "a/b/loop -> ../../.."}, []string{"a/x.c"}},
		{"loops through each other", "**/*.c", []string{"a/x.c", "b/y.c", "a/b -> ../b", "b/a -> ../a"}, []string{"a/x.c", "b/y.c"}},
		{"dangling link", "**/*.c", []string{"a.c", "d.c -> nowhere", "self.c -> self.c"}, []string{"a.c"}},
		{"up", "../*/x.c", []string{"x.c"}, []string{"x.c"}},
		{"dots and slashes", ".//src/./*.c", []string{"src/a.c"}, []string{"src/a.c"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := tree(t, tc.files...)
			got, err := Files(dir, tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, name := range tc.want {
				want = append(want, filepath.Join(dir, name))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.pattern, diff)
			}
		})
	}
}

func TestFilesAbsolute(t *testing.T) {
	dir := tree(t)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "a.c"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Files(dir, other+"/*.c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(other, "a.c")}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilesBadPattern(t *testing.T) {
	for _, pattern := range []string{"[", "src/[a-/x.c", "**/[]a]"} {
		if _, err := Files(t.TempDir(), pattern); !errors.Is(err, filepath.ErrBadPattern) {
			t.Errorf("%q: got %v, want %v", pattern, err, filepath.ErrBadPattern)
		}
	}
}

func FuzzFiles(f *testing.F) {
	for _, p := range []string{"**/*.c", "a[1].c", "../**", "", "/", "*", "\x00", "**/loop/**/x.c"} {
		f.Add(p)
	}
	dir := f.TempDir()
	for _, d := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	for _, file := range []string{"x.c", "a/x.c", "a/b/x.c"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o644); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.Symlink("..", filepath.Join(dir, "a/loop")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if strings.HasPrefix(pattern, "/") || strings.Contains(pattern, "..") {
			t.Skip("would walk the whole machine")
		}
		got, err := Files(dir, pattern)
		if err != nil {
			return
		}
		for i, name := range got {
			if !isFile(name) {
				t.Errorf("%q: %q is no file", pattern, name)
			}
			if i > 0 && got[i-1] >= name {
				t.Errorf("%q: %q is not in order", pattern, name)
			}
		}
	})
}
