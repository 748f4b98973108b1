package aggregate

import (
	"encoding/binary"
	"testing"
)

// TestIndexTellsKeysOfOneHashApart: of so many keys some twenty pairs have the same 32 bits of hash.
func TestIndexTellsKeysOfOneHashApart(t *testing.T) {
	const keys = 400_000
	x := newIndex()
	key := make([]byte, 8)
	for n := range uint64(keys) {
		binary.NativeEndian.PutUint64(key, n)
		i, hash := x.find(key)
		if i != 0 {
			t.Fatalf("key %d is taken for key %d", n, i-1)
		}
		if i = x.add(key, hash); i != int(n)+1 {
			t.Fatalf("key %d has number %d", n, i)
		}
	}
	for n := range uint64(keys) {
		binary.NativeEndian.PutUint64(key, n)
		if i, _ := x.find(key); i != int(n)+1 {
			t.Fatalf("key %d is found as %d", n, i)
		}
	}
}
