package bpf

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/cilium/ebpf/perf"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Stream is a ring or perf buffer, or an iterator of records, that is being read.
type Stream struct {
	Info *StreamInfo

	discriminator *discriminator // nil: lengths alone tell types apart

	instance *Instance
	reader   recordReader // nil for an Iterator, of which each pass has its own

	after      <-chan struct{} // closed when the one who read the buffer before has ended; nil: there was nobody
	ended      chan struct{}   // closed when nothing more is read
	handedOver atomic.Bool     // another instance reads on
	events     atomic.Uint64
	noted      atomic.Uint64 // losses that a perf buffer itself reported
}

// Name returns the name of the stream's map, of an iterator that of its program.
func (s *Stream) Name() string { return s.Info.Map }

// Type returns the type of record b, or nil when it is unknown. Of several types it is the one that has the record's length. Where
// that is not one alone, the enum that the records begin with tells, if its enumerators have the names of the types; or else
// see StreamInfo.Type.
func (s *Stream) Type(b []byte) *decode.Type {
	if s.discriminator != nil && s.Info.ofLength(len(b)) != 1 {
		if t := s.discriminator.typeOf(b); t != nil {
			return t
		}
	}
	return s.Info.Type(len(b))
}

// SoleType returns the type that Type returns for every record; nil where that depends on the record, or is unknown.
func (s *Stream) SoleType() *decode.Type {
	if s.discriminator != nil || len(s.Info.Types) != 1 {
		return nil
	}
	return s.Info.Types[0]
}

// reported returns the losses that only the perf buffer told of: none when they are counted where they happen, which
// includes those that a perf buffer tells of only together with its next record.
func (s *Stream) reported(counted bool) uint64 {
	if counted {
		return 0
	}
	return s.noted.Load()
}

// Streams returns the streams in the order of Object.Streams.
func (i *Instance) Streams() []*Stream { return append([]*Stream(nil), i.streams...) }

// recordReader reads records one by one.
type recordReader interface {
	// read reads the next record into buf if that has the room, else into new memory. more is false when no further
	// record is there yet. A record may be nil and only tell of losses.
	read(buf []byte) (record []byte, lost uint64, more bool, err error)
	// Flush makes read return what is there and then errFlushed.
	Flush() error
	Close() error
	// BufferSize returns how many bytes the buffer has room for, a perf buffer for each CPU.
	BufferSize() int
}

// errFlushed: ringbuf and perf have the same.
var errFlushed = ringbuf.ErrFlushed

// perfPages is the size of a perf buffer of one CPU. libbpf's tools take 64 pages where they choose at all.
const perfPages = 64

// openStreams maps the buffers, before any program is attached: a perf buffer without a reader refuses records.
func (i *Instance) openStreams() error {
	if len(i.streams) == 0 {
		return nil
	}
	i.losses = &lossCounters{counters: i.maps[counterMap], streams: len(i.streams)}
	for _, s := range i.streams {
		m := i.maps[s.Info.Map]
		switch s.Info.Kind {
		case RingBuffer:
			r, err := ringbuf.NewReader(m)
			if err != nil {
				return fmt.Errorf("read ring buffer %s: %w", s.Info.Map, err)
			}
			s.reader = &ringReader{Reader: r}
		case PerfBuffer:
			r, err := perf.NewReader(m, perfPages*os.Getpagesize())
			if err != nil {
				return fmt.Errorf("read perf buffer %s: %w", s.Info.Map, err)
			}
			s.reader = &perfReader{Reader: r}
		}
	}
	return nil
}

func (s *Stream) close() error {
	if s.reader == nil {
		return nil
	}
	if err := s.reader.Close(); err != nil {
		return fmt.Errorf("close %s: %w", s.Info.Map, err)
	}
	return nil
}

type ringReader struct {
	*ringbuf.Reader
	rec ringbuf.Record
}

func (r *ringReader) read(buf []byte) ([]byte, uint64, bool, error) {
	r.rec.RawSample = buf
	if err := r.ReadInto(&r.rec); err != nil {
		return nil, 0, false, err
	}
	return r.rec.RawSample, 0, r.rec.Remaining > 0, nil
}

type perfReader struct {
	*perf.Reader
	rec perf.Record
}

func (r *perfReader) read(buf []byte) ([]byte, uint64, bool, error) {
	r.rec.RawSample = buf
	switch err := r.ReadInto(&r.rec); {
	case perf.IsUnknownEvent(err):
		return nil, 0, true, nil
	case err != nil:
		return nil, 0, false, err
	case r.rec.LostSamples > 0:
		return nil, r.rec.LostSamples, r.rec.Remaining > 0, nil
	}
	return r.rec.RawSample, 0, r.rec.Remaining > 0, nil
}

// isClosed reports whether reading ended because the reader was closed.
func isClosed(err error) bool { return errors.Is(err, os.ErrClosed) }
