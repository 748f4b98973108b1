package bpf

import (
	"errors"
	"fmt"
)

// Start begins to read every stream, each in a goroutine of its own, which send to out. When out is full the readers
// wait, the rings fill, and the kernel counts what it drops. out is not closed; the last that is
// sent is a Batch with End, unless Close comes first.
//
// Each iterator is read once, which runs its program; its text goes to LoadOptions.Text, its records to out. When there is nothing but
// iterators and what ran once the instance stops by itself.
func (i *Instance) Start(out chan<- *Batch) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.closed:
		return errors.New("read streams: the instance is closed")
	case i.started:
		return errors.New("read streams: they are being read already")
	}
	passes, err := openIterators(i.iters)
	if err != nil {
		return err
	}
	i.started = true
	for _, s := range i.streams {
		if s.reader != nil {
			i.reading.Go(func() { s.run(out) })
		}
	}
	if len(passes) > 0 || i.ran {
		alone := len(i.links) == len(passes)
		i.reading.Go(func() {
			i.readPasses(passes, out)
			if alone {
				i.Stop()
			}
		})
	}
	if !i.stopped { // Stop closes the links meanwhile
		if held := i.holds(); len(held) > 0 {
			i.reading.Go(func() { i.watchHolds(out, held) })
		}
	}
	i.finishing.Go(func() { i.finish(out) })
	return nil
}

// finish waits for Stop, has the readers deliver what is left, and sends the last Batch.
func (i *Instance) finish(out chan<- *Batch) {
	select {
	case <-i.detached:
	case <-i.closing:
		return
	}
	quiesce()
	for _, s := range i.streams {
		if s.reader == nil {
			continue
		}
		if err := s.reader.Flush(); err != nil && !isClosed(err) {
			i.fail(fmt.Errorf("flush %s: %w", s.Info.Map, err))
			// It would not end by itself.
			_ = s.close()
		}
	}
	i.reading.Wait()
	i.send(out, &Batch{Instance: i, End: true, Err: i.err})
}

// send reports whether b was taken; it is not once the instance is closed.
func (i *Instance) send(out chan<- *Batch, b *Batch) bool {
	select {
	case <-i.closing:
		return false
	default:
	}
	select {
	case out <- b:
		return true
	case <-i.closing:
		return false
	}
}

// run reads until the stream was flushed or closed. A batch is sent when it is full, or when the
// buffer is empty; before it is read again some records may gather, for no longer than [paceMost]. While out is full the next batch
// grows by itself.
func (s *Stream) run(out chan<- *Batch) {
	defer close(s.ended)
	if s.after != nil {
		select {
		case <-s.after:
		case <-s.instance.closing:
			return
		}
	}
	b := newBatch(s.instance, s)
	defer func() { b.Release() }()
	pace := newPacer(s.reader.BufferSize(), s.Info.Kind == RingBuffer && len(s.instance.streams) == 1)
	for {
		record, lost, more, err := s.reader.read(b.room())
		switch {
		case err == nil:
		case errors.Is(err, errFlushed), isClosed(err):
			s.deliver(out, &b)
			return
		default:
			s.deliver(out, &b)
			s.instance.fail(fmt.Errorf("read %s: %w", s.Info.Map, err))
			s.instance.Stop()
			return
		}
		if lost > 0 {
			s.noted.Add(lost)
		}
		if record != nil {
			b.add(record)
			pace.bytes += len(record)
		}
		if s.handedOver.Load() {
			s.deliver(out, &b)
			return
		}
		if (!more || b.full()) && !s.deliver(out, &b) {
			return
		}
		if !more {
			pace.drained()
		}
	}
}

// deliver sends *b, unless it is empty, and replaces it. It reports whether reading is to go on.
func (s *Stream) deliver(out chan<- *Batch, b **Batch) bool {
	full := *b
	if full.Len() == 0 {
		return true
	}
	*b = newBatch(s.instance, s)
	s.events.Add(uint64(full.Len()))
	if !s.instance.send(out, full) {
		full.Release()
		return false
	}
	return true
}
