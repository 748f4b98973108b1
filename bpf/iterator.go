package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf/link"
)

// openIterators begins a pass of each iterator, which a later detaching does not end.
func openIterators(iters []*link.Iter) ([]io.ReadCloser, error) {
	var texts []io.ReadCloser
	for _, iter := range iters {
		text, err := iter.Open()
		if err != nil {
			for _, t := range texts {
				t.Close()
			}
			return nil, fmt.Errorf("open iterator: %w", err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// readTexts reads each to its end, which runs the iterator's program.
func (i *Instance) readTexts(texts []io.ReadCloser) {
	for _, text := range texts {
		if err := i.readText(text); err != nil {
			i.fail(fmt.Errorf("read iterator: %w", err))
		}
		text.Close()
	}
}

func (i *Instance) readText(text io.Reader) error {
	w := i.text
	if w == nil {
		w = io.Discard
	}
	buf := make([]byte, 32<<10)
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
