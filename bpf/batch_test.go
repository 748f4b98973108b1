package bpf

import (
	"testing"
	"unsafe"
)

// TestBatchKeepsRecordsAligned: records begin where the kernel aligns them, whatever the length of those before, and do not overlap.
func TestBatchKeepsRecordsAligned(t *testing.T) {
	b := newBatch(nil, nil)
	defer b.Release()
	for n := 1; !b.full(); n++ {
		record := append(b.room(), make([]byte, n%29)...)
		for i := range record {
			record[i] = byte(n)
		}
		b.add(record)
	}
	if b.Len() < 100 {
		t.Fatalf("the batch has %d records", b.Len())
	}
	for i := range b.Len() {
		record := b.Record(i)
		if len(record) > 0 && uintptr(unsafe.Pointer(&record[0]))%8 != 0 {
			t.Fatalf("record %d is not aligned", i)
		}
		for _, c := range record {
			if c != byte(i+1) {
				t.Fatalf("record %d was written over", i)
			}
		}
	}
}
