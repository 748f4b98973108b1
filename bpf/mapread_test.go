package bpf

import (
	"bytes"
	"encoding/binary"
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
		batched, err := walk(inst, info.Name, false)
		if err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
		single, err := walk(inst, info.Name, true)
		if err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
		if len(single) == 0 {
			t.Errorf("%s: one by one there is nothing", info.Name)
		}
		if !slices.Equal(batched, single) {
			t.Errorf("%s: one by one there are %q, in batches %q", info.Name, single, batched)
		}
	}
}

// walk returns the entries of a map in order, as the kernel has them or one by one.
func walk(inst *Instance, name string, single bool) ([]string, error) {
	m, err := inst.Map(name)
	if err != nil {
		return nil, err
	}
	c := m.Entries()
	c.single = single
	var entries []string
	for key, value, ok := c.Next(); ok; key, value, ok = c.Next() {
		entries = append(entries, string(key)+string(value))
	}
	slices.Sort(entries)
	return entries, c.Err()
}
