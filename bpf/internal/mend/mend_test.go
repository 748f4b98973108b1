package mend

import (
	"bytes"
	"debug/elf"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// TestLeavesGoodObjects: what cilium/ebpf reads as it is has nothing to mend.
func TestLeavesGoodObjects(t *testing.T) {
	for name, object := range map[string][]byte{"attach": testprog.Attach, "calls": testprog.Calls, "globals": testprog.Globals, "streams": testprog.Streams} {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(object)
			facts, err := Object(b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, object) {
				t.Error("the object is changed")
			}
			if len(facts.Weak) > 0 || len(facts.Hidden) > 0 {
				t.Errorf("facts are %+v", facts)
			}
		})
	}
}

// FuzzObject must not crash, nor change the size of things.
func FuzzObject(f *testing.F) {
	for _, object := range [][]byte{testprog.Event, testprog.Sections} {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			t.Skip()
		}
		sections := len(before.Sections)
		if _, err := Object(b); err != nil {
			return
		}
		after, err := elf.NewFile(bytes.NewReader(b))
		if err != nil || len(after.Sections) != sections {
			t.Fatalf("the object is broken: %v", err)
		}
		_, _ = ebpf.LoadCollectionSpecFromReader(bytes.NewReader(b))
	})
}
