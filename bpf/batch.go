package bpf

import "sync"

// Batch is a run of records of one stream, in their order. The receiver owns it until Release.
type Batch struct {
	Instance *Instance
	Stream   *Stream // nil when End or Gone
	End      bool    // the last of the instance: every reader has ended
	Err      error   // End: why reading ended early, if it did
	Gone     error   // what a program was attached to has gone, an interface or a cgroup; the others go on

	records [][]byte
	arena   []byte // holds the records, save for ones that found no room in it
	largest int    // record so far
}

// A batch ends at so many bytes or records, whichever comes first.
const (
	batchBytes   = 64 << 10
	batchRecords = 1024
)

var batches = sync.Pool{New: func() any {
	return &Batch{
		arena:   make([]byte, 0, batchBytes),
		records: make([][]byte, 0, batchRecords),
	}
}}

func newBatch(i *Instance, s *Stream) *Batch {
	b := batches.Get().(*Batch)
	b.Instance, b.Stream = i, s
	return b
}

// Len returns the number of records.
func (b *Batch) Len() int { return len(b.records) }

// Record returns record i, valid until Release.
func (b *Batch) Record(i int) []byte { return b.records[i] }

// Release gives the memory back for further batches. No record may be used afterwards.
func (b *Batch) Release() {
	if b.arena == nil { // an End or a Gone
		return
	}
	clear(b.records) // large records of their own must not live on in the pool
	*b = Batch{arena: b.arena[:0], records: b.records[:0]}
	batches.Put(b)
}

// room returns the free end of the arena, for a record to be read into.
func (b *Batch) room() []byte { return b.arena[len(b.arena):len(b.arena):cap(b.arena)] }

// add takes a record that was read into room, or into memory of its own.
func (b *Batch) add(record []byte) {
	b.records = append(b.records, record)
	b.largest = max(b.largest, len(record))
	if free := cap(b.arena) - len(b.arena); len(record) <= free {
		// Rounded up to keep records aligned as the kernel aligns them.
		b.arena = b.arena[:len(b.arena)+min(free, (len(record)+7)&^7)]
	}
}

// full reports whether a further record like the others would not fit.
func (b *Batch) full() bool {
	return len(b.records) == cap(b.records) || cap(b.arena)-len(b.arena) < b.largest
}
