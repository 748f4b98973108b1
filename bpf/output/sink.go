package output

import (
	"fmt"
	"io"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Sink takes batches. Write does not keep b.
type Sink interface {
	Write(b *bpf.Batch) error
	// Flush writes out what is buffered; it is called when no batch is waiting.
	Flush() error
}

// Tag tells records apart that come from several places. What is "" needs no telling.
type Tag struct {
	Stream string // the map's name
	Type   string // the record's type
}

// recordWriter is what Table and JSON have in common.
type recordWriter interface {
	of(*bpf.Instance)
	WriteRecord(tag Tag, typ *decode.Type, rec []byte) error
}

// writeBatch hands the records of b to w. Records are tagged with their stream where the instance
// has several, and with their type where the stream has several.
func writeBatch(w recordWriter, b *bpf.Batch) error {
	if b.Stream == nil {
		return nil
	}
	w.of(b.Instance)
	var tag Tag
	if b.Instance != nil && len(b.Instance.Streams()) > 1 {
		tag.Stream = b.Stream.Name()
	}
	several := len(b.Stream.Info.Types) > 1
	for i := range b.Len() {
		rec := b.Record(i)
		typ := b.Stream.Type(rec)
		if tag.Type = ""; several && typ != nil {
			tag.Type = typ.Name
		}
		if err := w.WriteRecord(tag, typ, rec); err != nil {
			return err
		}
	}
	return nil
}

// Discard takes records and prints nothing.
func Discard() Sink { return discard{} }

type discard struct{}

func (discard) Write(*bpf.Batch) error { return nil }
func (discard) Flush() error           { return nil }

// bufferSize is how many bytes are gathered before they are written, as many as a pipe holds.
const bufferSize = 64 << 10

// buffer gathers whole lines for w.
type buffer struct {
	w     io.Writer
	lines []byte
	err   error
}

// lineDone writes out when the buffer is full.
func (b *buffer) lineDone() error {
	if len(b.lines) >= bufferSize {
		return b.Flush()
	}
	return b.err
}

// Flush writes out the rows that are buffered. After an error nothing more is written, and the error stays.
func (b *buffer) Flush() error {
	if b.err != nil || len(b.lines) == 0 {
		return b.err
	}
	if _, err := b.w.Write(b.lines); err != nil {
		b.err = fmt.Errorf("write events: %w", err)
	}
	b.lines = b.lines[:0]
	return b.err
}
