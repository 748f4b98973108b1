package executable

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFind(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	for _, tc := range []struct{ name, base string }{
		{"sh", "sh"},
		{sh, "sh"},
		{"libc.so.6", "libc.so.6"},
		{"libc", "libc.so.6"},
	} {
		l, err := Find(tc.name, 0)
		if err != nil {
			t.Error(err)
			continue
		}
		path := l.Name
		if !filepath.IsAbs(path) || filepath.Base(path) != tc.base {
			t.Errorf("Find(%q) = %s", tc.name, path)
		}
		if !(finder{}).native(path) {
			t.Errorf("%s is not for this machine", path)
		}
	}
}

func TestFindErrors(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe") // that nobody writes to
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, want string }{
		{dir, "it is a folder"},
		{pipe, "it is no regular file"},
		{filepath.Join(dir, "absent"), "no such file or directory"},
		{"/etc/passwd", "it is no ELF file; for a script name its interpreter"},
		{"no-such-binary", "neither in PATH nor where the dynamic loader looks"},
		{"libno-such.so.1", "neither in PATH nor where the dynamic loader looks"},
	} {
		if _, err := Find(tc.name, 0); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Find(%q): got %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestFindInLibraryPath(t *testing.T) {
	libc, err := Find("libc.so.6", 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	own := filepath.Join(dir, "libebpfxtest.so.1")
	if err := os.Symlink(libc.Name, own); err != nil {
		t.Fatal(err)
	}
	// A file that is no library is passed by.
	if err := os.WriteFile(filepath.Join(dir, "libebpfxtest.so"), []byte("GROUP(x)"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LD_LIBRARY_PATH", dir)
	for _, name := range []string{"libebpfxtest.so.1", "libebpfxtest"} {
		if got, err := Find(name, 0); err != nil || got.Name != own {
			t.Errorf("Find(%q) = %s, %v", name, got.Name, err)
		}
	}
}

func TestSymbols(t *testing.T) {
	libc, err := Find("libc.so.6", 0)
	if err != nil {
		t.Fatal(err)
	}
	names := libc.Symbols()
	if !slices.Contains(names, "read") || !slices.IsSorted(names) {
		t.Errorf("%d symbols of %s lack read", len(names), libc.Name)
	}
	if got := (finder{}).at("/etc/passwd").Symbols(); got != nil {
		t.Errorf("/etc/passwd has symbols %v", got)
	}
}

// cacheOf makes a cache of pairs of names and paths.
func cacheOf(pairs ...string) []byte {
	n := len(pairs) / 2
	b := append([]byte("glibc-ld.so.cache1.1"), make([]byte, 28+24*n)...)
	binary.NativeEndian.PutUint32(b[20:], uint32(n))
	for i := range pairs {
		entry := 48 + 24*(i/2)
		binary.NativeEndian.PutUint32(b[entry+4+4*(i%2):], uint32(len(b)))
		b = append(b, pairs[i]+"\x00"...)
	}
	return b
}

func TestParseCache(t *testing.T) {
	b := cacheOf("libb.so.1", "/b", "liba.so.2", "/a2", "liba.so.1", "/a1")
	for _, tc := range []struct {
		name string
		want []string
	}{
		{"liba.so.1", []string{"/a1"}},
		{"liba", []string{"/a2", "/a1"}},
		{"lib", nil},
	} {
		for _, cache := range [][]byte{b, append([]byte("ld.so-1.7.0\x00 an older table "), b...)} {
			if got := parseCache(cache, tc.name); !slices.Equal(got, tc.want) {
				t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
			}
		}
	}
}

func FuzzParseCache(f *testing.F) {
	f.Add(cacheOf("libb.so.1", "/b", "liba.so.1", "/a"), "liba")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		parseCache(b, name)
	})
}
