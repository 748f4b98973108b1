package foreign_test

import (
	"bytes"
	"debug/elf"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf/internal/foreign"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestTurn turns objects around and back.
func TestTurn(t *testing.T) {
	for name, object := range map[string][]byte{"streams": testprog.Streams, "bare": testprog.Bare, "globals": testprog.Globals, "maps": testprog.Maps} {
		turned, err := foreign.Turn(object)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if foreign.Is(object) || !foreign.Is(turned) {
			t.Errorf("%s: which byte order it has is wrong", name)
		}
		back, err := foreign.Turn(turned)
		if err != nil || !bytes.Equal(back, object) {
			t.Errorf("%s: turned twice it is another one (%v)", name, err)
		}
		a, b := symbols(t, object), symbols(t, turned)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func symbols(t *testing.T, object []byte) []elf.Symbol {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// FuzzTurn turns damaged objects around: an error is fine, a panic is not.
func FuzzTurn(f *testing.F) {
	for _, object := range [][]byte{testprog.Streams, testprog.Bare} {
		turned, err := foreign.Turn(object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(object)
		f.Add(turned)
		f.Add(turned[:len(turned)/2])
	}
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = foreign.Turn(b) })
}
