package luart

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ebpfx/ebpfx/builder"
)

// outputBuffer is how many bytes of output are collected while the loop is busy.
const outputBuffer = 64 << 10

// scriptOutput is where scripts print to. An error of the writer below ends the run, since a script that catches errors
// would print for ever.
type scriptOutput struct {
	loop   *loop
	buffer *bufio.Writer
}

func (o *scriptOutput) Write(p []byte) (int, error) {
	if len(p) > o.buffer.Available() { // the reader may take its time
		defer o.loop.guard.pause()()
	}
	n, err := o.buffer.Write(p)
	o.check(err)
	return n, err
}

// Flush writes out what is buffered.
func (o *scriptOutput) Flush() { o.check(o.buffer.Flush()) }

func (o *scriptOutput) check(err error) {
	if err != nil {
		o.buffer.Reset(io.Discard) // what on_exit prints would meet the same error
		o.loop.fail(fmt.Errorf("write the script's output: %w", err))
	}
}

// iteratorOutput hands what iterators print to the loop, in order with what the script prints. Its Write is
// called from other goroutines.
type iteratorOutput struct{ loop *loop }

func (o *iteratorOutput) Write(text []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	written := make(chan result, 1)
	select {
	case o.loop.posted <- func() {
		n, err := o.loop.stdout.Write(text)
		written <- result{n, err}
	}:
		r := <-written
		return r.n, r.err
	case <-o.loop.done:
		return 0, io.ErrClosedPipe
	}
}

// verbose returns who is told what is done beside the obvious, or nil.
func (l *loop) verbose(t *builder.Target) func(string) {
	if l.opts.Verbose == nil {
		return nil
	}
	return func(text string) { l.opts.Verbose(t.Name + ": " + text) }
}
