package bpf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// Both ways to read a map find the same, whether its kernel has batches or not.
func TestReadOneByOne(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
			t.Fatal("making maps needs root")
		}
		t.Skip("making maps needs root")
	}
	o, err := OpenReader("test.bpf.o", bytes.NewReader(testprog.Maps))
	if err != nil {
		t.Fatal(err)
	}
	inst, err := o.Load(LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Close()
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range o.Maps() {
		for i := range uint32(5) {
			key := make([]byte, info.Key.Size)
			binary.NativeEndian.PutUint32(key, i)
			value := make([]byte, info.Value.Size)
			value[0] = byte(i + 1)
			var err error
			if info.PerCPU {
				err = inst.maps[info.Name].Put(key, slices.Repeat([][]byte{value}, cpus))
			} else {
				err = inst.maps[info.Name].Put(key, value)
			}
			if err != nil && i == 0 { // heap has one entry
				t.Fatal(err)
			}
		}
		batched := newReader(info, inst.maps[info.Name], cpus)
		if err := batched.batches(); errors.Is(err, ebpf.ErrNotSupported) {
			t.Logf("%s: this kernel has no batches", info.Name)
			batched = nil
		} else if err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
		single := newReader(info, inst.maps[info.Name], cpus)
		if err := single.oneByOne(); err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
		if len(single.entries) == 0 {
			t.Errorf("%s: one by one there is nothing", info.Name)
		}
		if batched == nil {
			continue
		}
		slices.SortFunc(batched.entries, bytes.Compare)
		slices.SortFunc(single.entries, bytes.Compare)
		if !slices.EqualFunc(batched.entries, single.entries, bytes.Equal) {
			t.Errorf("%s: one by one there are %x, in batches %x", info.Name, single.entries, batched.entries)
		}
	}
}
