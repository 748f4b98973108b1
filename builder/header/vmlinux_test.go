package header

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/internal/skip"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

var hostArch = toolchain.HostTarget().Arch

// newCache returns an empty cache.
func newCache(t *testing.T) *cachedir.Cache {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return cachedir.New(nil)
}

// newRunning returns the header of the running kernel.
func newRunning(t *testing.T) *Vmlinux {
	t.Helper()
	_, err := os.Stat(kernelBTF)
	skip.Unless(t, err)
	return NewRunning(newCache(t), hostArch)
}

func TestVmlinuxIsMadeOnce(t *testing.T) {
	for name, v := range map[string]*Vmlinux{"merged": NewMerged(newCache(t), hostArch), "running": newRunning(t)} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if _, err := v.Path(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			path, err := v.Path()
			if err != nil {
				t.Fatal(err)
			}
			first, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			next := &Vmlinux{cache: v.cache, id: v.id, print: func() ([]byte, error) { return nil, errors.New("made again") }}
			text, err := next.Text()
			if err != nil || !strings.Contains(string(text), "struct task_struct {") {
				t.Errorf("the header has %d bytes, %v", len(text), err)
			}
			if again, err := os.Stat(path); err != nil || !os.SameFile(first, again) {
				t.Errorf("written again: %v", err)
			}
			if _, err := next.Index(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a disk, a power cut or a user made of the header is seen, and the header is made again.
func TestDamagedVmlinux(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"gone":         os.Remove,
		"cut":          func(path string) error { return os.Truncate(path, 1000) },
		"empty":        func(path string) error { return os.Truncate(path, 0) },
		"changed":      func(path string) error { return poke(path) },
		"without sum":  func(path string) error { return os.Remove(path + ".sum") },
		"nonsense sum": func(path string) error { return os.WriteFile(path+".sum", []byte("x"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			cache := newCache(t)
			path, err := NewMerged(cache, hostArch).Path()
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			if _, err := NewMerged(cache, hostArch).Path(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("it has %d bytes, want %d, %v", len(got), len(want), err)
			}
		})
	}
}

// poke changes a byte in the middle of a file.
func poke(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte{0}, 100_000)
	return err
}

func TestVmlinuxWithoutBTF(t *testing.T) {
	v := newPrinted(newCache(t), runningFile, "")
	if _, err := v.Path(); !errors.Is(err, ErrNoKernelBTF) || !strings.Contains(err.Error(), "name a file that has it with set_btf") {
		t.Errorf("got %v", err)
	}
}

func TestVmlinuxFromBadFile(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("not BTF"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{text, "/no/such/file"} {
		v := NewFromFile(newCache(t), file, "content")
		_, err := v.Path()
		if err == nil || !strings.HasPrefix(err.Error(), "make vmlinux.h: read BTF of "+file+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	}
}

// Headers with the same ID have the same text.
func TestVmlinuxID(t *testing.T) {
	cache := newCache(t)
	a, b, c := NewFromFile(cache, "/x", "one"), NewFromFile(cache, "/x", "two"), NewFromFile(cache, "/y", "one")
	if a.ID() == b.ID() || a.ID() != c.ID() {
		t.Errorf("got IDs %s, %s and %s", a.ID(), b.ID(), c.ID())
	}
	if m := NewMerged(cache, hostArch).ID(); m == NewRunning(cache, hostArch).ID() || m != NewMerged(cache, hostArch).ID() {
		t.Errorf("got ID %s", m)
	}
}

// note returns an ELF note.
func note(name, desc string, typ uint32) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(len(name)))
	b = binary.NativeEndian.AppendUint32(b, uint32(len(desc)))
	b = binary.NativeEndian.AppendUint32(b, typ)
	for _, s := range []string{name, desc} {
		b = append(b, s...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

func TestBuildID(t *testing.T) {
	id := note("GNU\x00", "12345678901234567890", 3)
	for _, tc := range []struct {
		name  string
		notes []byte
		want  string
	}{
		{"first", id, "12345678901234567890"},
		{"after others", append(append(note("Linux\x00", "abcde", 257), note("GNU\x00", "x", 1)...), id...), "12345678901234567890"},
		{"not there", note("Linux\x00", "", 256), ""},
		{"another's type 3", note("XYZ\x00", "12345678901234567890", 3), ""},
		{"cut", id[:len(id)-1], ""},
		{"sizes that lie", []byte("\xff\xff\xff\xff\xff\xff\xff\xff\x03\x00\x00\x00GNU\x00"), ""},
		{"empty", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := string(buildID(tc.notes, binary.NativeEndian)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzBuildID(f *testing.F) {
	f.Add(note("GNU\x00", "12345678901234567890", 3))
	f.Add(append(note("Linux\x00", "abc", 257), note("GNU\x00", "x", 3)...))
	f.Fuzz(func(t *testing.T, notes []byte) { buildID(notes, binary.NativeEndian) })
}

// A kernel is told from another by its build ID, or by its BTF where that cannot be read.
func TestKernelID(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	notes := file("notes", string(note("GNU\x00", "\x01\x02", 3)))
	a, b := file("a", "btf a"), file("b", "btf b")
	if got := kernelID(notes, a); got != hex.EncodeToString([]byte{1, 2}) {
		t.Errorf("got %q", got)
	}
	if x, y := kernelID("/no/notes", a), kernelID("/no/notes", b); x == "" || x == y {
		t.Errorf("got %q and %q for two kernels", x, y)
	}
	if got := kernelID(notes, "/no/btf"); got != "" {
		t.Errorf("got %q without BTF", got)
	}
}
