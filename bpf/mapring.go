package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// producer writes records into a ring buffer that programs drain with bpf_user_ringbuf_drain, as user_ring_buffer of libbpf does: a page that
// the kernel writes, of how far it has read; a page of how far we have written; and the ring, mapped twice in a row, so that no
// record is split (kernel/bpf/ringbuf.c).
type producer struct {
	kernels, ours     []byte // mappings
	consumed, written *atomic.Uint64
	ring              []byte // of twice size bytes
	size              uint64
}

// recordHeader is the size of struct bpf_ringbuf_hdr: the length, and what only the kernel's own records have.
const recordHeader = 8

// newProducer maps a ring of so many bytes.
func newProducer(fd, size int) (*producer, error) {
	page := os.Getpagesize()
	kernels, err := unix.Mmap(fd, 0, page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	ours, err := unix.Mmap(fd, int64(page), page+2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(err, unix.Munmap(kernels))
	}
	return &producer{
		kernels: kernels, ours: ours,
		consumed: (*atomic.Uint64)(unsafe.Pointer(&kernels[0])),
		written:  (*atomic.Uint64)(unsafe.Pointer(&ours[0])),
		ring:     ours[page:],
		size:     uint64(size),
	}, nil
}

// write adds a record. It does not wait for room.
func (p *producer) write(record []byte) error {
	total := (uint64(len(record)) + recordHeader + 7) &^ 7
	if total > p.size {
		return fmt.Errorf("a record of %d bytes is larger than the ring of %d", len(record), p.size)
	}
	at := p.written.Load()
	if p.size-(at-p.consumed.Load()) < total {
		return errors.New("it is full, until a program drains it")
	}
	slot := p.ring[at%p.size:]
	binary.NativeEndian.PutUint32(slot, uint32(len(record)))
	binary.NativeEndian.PutUint32(slot[4:], 0)
	copy(slot[recordHeader:], record)
	p.written.Store(at + total) // which the kernel reads before it reads the record
	return nil
}

// Close unmaps the ring.
func (p *producer) Close() error {
	return errors.Join(unix.Munmap(p.kernels), unix.Munmap(p.ours))
}

// produce writes a record into the ring that m is.
func (m *Map) produce(record []byte) error {
	if m.Value != nil && len(record) != m.Value.Size {
		return m.errorf("push: the record has %d bytes, want %d", len(record), m.Value.Size)
	}
	i := m.owner
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return m.errorf("push: %w", ErrClosed)
	}
	p := i.producers[m.kernel]
	if p == nil {
		var err error
		if p, err = newProducer(m.kernel.FD(), m.MaxEntries); err != nil {
			return m.errorf("push: map the ring: %w", err)
		}
		if i.producers == nil {
			i.producers = make(map[*ebpf.Map]*producer)
		}
		i.producers[m.kernel] = p
	}
	if err := p.write(record); err != nil {
		return m.errorf("push: %w", err)
	}
	return nil
}
