package aggregate

import (
	"bytes"
	"hash/maphash"
)

// index numbers distinct keys from 1 on. It is a hash table with open addressing whose keys lie behind each other in one slice, so that
// a million of them are no work for the garbage collector and take little more room than their bytes.
type index struct {
	seed   maphash.Seed
	slots  []uint32 // numbers of keys; 0: free. Their number is a power of 2 and at least twice that of keys
	hashes []uint32 // of key i at i
	ends   []uint32 // of key i in bytes at i; key i begins where the one before ends
	bytes  []byte
	last   int // the key that find found last: events of a process come in runs
}

const (
	leastSlots = 16
	mostBytes  = 1<<32 - 1 // that ends can tell
)

func newIndex() *index {
	x := &index{seed: maphash.MakeSeed()}
	x.clear()
	return x
}

func (x *index) clear() {
	x.slots = make([]uint32, leastSlots)
	x.hashes, x.ends, x.bytes, x.last = []uint32{0}, []uint32{0}, nil, 0
}

// len returns how many keys there are.
func (x *index) len() int { return len(x.ends) - 1 }

// key returns key i, from 1 on.
func (x *index) key(i int) []byte { return x.bytes[x.ends[i-1]:x.ends[i]] }

// find returns the number of key, or 0 and what add needs to make it one.
func (x *index) find(key []byte) (i int, hash uint32) {
	if x.last != 0 && bytes.Equal(x.key(x.last), key) {
		return x.last, 0
	}
	hash = uint32(maphash.Bytes(x.seed, key))
	mask := uint32(len(x.slots) - 1)
	for s := hash & mask; ; s = (s + 1) & mask {
		i := x.slots[s]
		if i == 0 || x.hashes[i] == hash && bytes.Equal(x.key(int(i)), key) {
			x.last = int(i)
			return x.last, hash
		}
	}
}

// add gives key, which find did not find, the next number. It returns 0 if there is no room at all.
func (x *index) add(key []byte, hash uint32) int {
	if len(x.bytes)+len(key) > mostBytes {
		return 0
	}
	i := len(x.ends)
	x.bytes = append(x.bytes, key...)
	x.ends = append(x.ends, uint32(len(x.bytes)))
	x.hashes = append(x.hashes, hash)
	if 2*i > len(x.slots) {
		x.slots = make([]uint32, 2*len(x.slots))
		for j := 1; j < i; j++ {
			x.place(j)
		}
	}
	x.place(i)
	return i
}

func (x *index) place(i int) {
	mask := uint32(len(x.slots) - 1)
	s := x.hashes[i] & mask
	for x.slots[s] != 0 {
		s = (s + 1) & mask
	}
	x.slots[s] = uint32(i)
}
