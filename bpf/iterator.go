package bpf

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf/link"
)

// iterator is an iterator that is attached.
type iterator struct {
	link   *link.Iter
	stream *Stream // that takes its records; nil for one that writes text
}

// pass is one run of an iterator through its elements.
type pass struct {
	io.ReadCloser
	stream *Stream // as of the iterator
}

// openIterators begins a pass of each iterator, which a later detaching does not end.
func openIterators(iters []iterator) ([]pass, error) {
	var passes []pass
	for _, iter := range iters {
		file, err := iter.link.Open()
		if err != nil {
			for _, p := range passes {
				p.Close()
			}
			return nil, fmt.Errorf("open iterator: %w", err)
		}
		passes = append(passes, pass{file, iter.stream})
	}
	return passes, nil
}

// readPasses reads each to its end, which runs the iterator's program.
func (i *Instance) readPasses(passes []pass, out chan<- *Batch) {
	for _, p := range passes {
		var err error
		if p.stream != nil {
			err = p.stream.readRecords(p, out)
		} else {
			err = i.readText(p)
		}
		if err != nil {
			i.fail(fmt.Errorf("read iterator: %w", err))
		}
		p.Close()
	}
}

// passBuffer is how much of a pass is read at once.
const passBuffer = 32 << 10

func (i *Instance) readText(text io.Reader) error {
	w := i.text
	if w == nil {
		w = io.Discard
	}
	buf := make([]byte, passBuffer)
	for {
		select {
		case <-i.closing:
			return nil
		default:
		}
		n, err := text.Read(buf)
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readRecords cuts what a pass writes into records of the size of their type. Reads of the kernel's may end within a record.
// The last one may be short, where somebody has named a type of another size.
func (s *Stream) readRecords(file io.Reader, out chan<- *Batch) error {
	size := s.Info.Types[0].Size
	if size == 0 {
		return fmt.Errorf("the records of %s have no size: %s is empty", s.Info.Map, s.Info.Types[0].Name)
	}
	in := bufio.NewReaderSize(file, passBuffer)
	b := newBatch(s.instance, s)
	defer func() { b.Release() }()
	for {
		record := b.room()
		if cap(record) < size {
			record = make([]byte, size)
		}
		n, err := io.ReadFull(in, record[:size])
		if n > 0 {
			b.add(record[:n:n])
		}
		// What is there goes out before a read runs the program on.
		if (err != nil || b.full() || in.Buffered() < size) && !s.deliver(out, &b) {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}
