package header

import (
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

// newVmlinux returns a vmlinux.h that is made from the given file of BTF in an empty cache.
func newVmlinux(t *testing.T, notes, btf string) *Vmlinux {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return &Vmlinux{cache: cachedir.New(nil), btf: btf, kernel: kernelID(notes, btf)}
}

func TestVmlinuxIsMadeOnce(t *testing.T) {
	_, err := os.Stat(kernelBTF)
	skip.Unless(t, err)
	_, _, err = toolchain.FindBpftool(t.Context())
	skip.Unless(t, err)
	v := newVmlinux(t, kernelNotes, kernelBTF)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := v.Make(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	path := filepath.Join(v.Dirs()[0], "vmlinux.h")
	first, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Make(t.Context()); err != nil {
		t.Error(err)
	}
	if again, err := os.Stat(path); err != nil || !os.SameFile(first, again) {
		t.Errorf("made again: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "struct task_struct {") {
		t.Errorf("the header has %d bytes, %v", len(text), err)
	}
}

func TestVmlinuxWithoutBTF(t *testing.T) {
	v := newVmlinux(t, kernelNotes, "/no/such/btf")
	err := v.Make(t.Context())
	if !errors.Is(err, ErrNoKernelBTF) || !strings.Contains(err.Error(), "put a vmlinux.h into the project's folder") {
		t.Errorf("got %v", err)
	}
	if v.Dirs() != nil {
		t.Errorf("there are folders %q", v.Dirs())
	}
}

func TestVmlinuxFromBadBTF(t *testing.T) {
	_, _, err := toolchain.FindBpftool(t.Context())
	skip.Unless(t, err)
	btf := filepath.Join(t.TempDir(), "btf")
	if err := os.WriteFile(btf, []byte("not BTF"), 0o644); err != nil {
		t.Fatal(err)
	}
	v := newVmlinux(t, "/no/such/notes", btf)
	err = v.Make(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "make vmlinux.h from "+btf+": bpftool exited with status") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	for _, dir := range v.Dirs() {
		if _, err := os.Stat(filepath.Join(dir, "vmlinux.h")); err == nil {
			t.Error("something was kept")
		}
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
