package output

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// recorder is a sink that takes single records too.
type recorder interface {
	Sink
	WriteRecord(tag Tag, typ *decode.Type, rec []byte) error
}

func sinks(w io.Writer) map[string]recorder {
	return map[string]recorder{"table": NewTable(w, 80), "json": NewJSON(w)}
}

// Rows wait for Flush, but not without bound, and none is lost or torn.
func TestBuffer(t *testing.T) {
	open := samples(t)[0]
	var out bytes.Buffer
	for name, sink := range sinks(&out) {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			write := func() {
				t.Helper()
				if err := sink.WriteRecord(Tag{}, open.typ, open.records[0]); err != nil {
					t.Fatal(err)
				}
			}
			write()
			if out.Len() > 0 {
				t.Error("a row was written before Flush")
			}
			if err := sink.Flush(); err != nil {
				t.Fatal(err)
			}
			head := bytes.Count(out.Bytes(), []byte("\n")) - 1
			const n = 10000
			for range n {
				write()
			}
			if out.Len() < n*10 {
				t.Errorf("%d bytes of %d rows are written before Flush", out.Len(), n)
			}
			if err := sink.Flush(); err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(out.Bytes(), []byte("\n")); lines != head+1+n {
				t.Errorf("%d lines, want %d", lines, head+1+n)
			}
			size := out.Len()
			if err := sink.Flush(); err != nil || out.Len() != size {
				t.Errorf("a second Flush wrote %d bytes, error %v", out.Len()-size, err)
			}
		})
	}
}

// A write error is returned, then and thereafter, and can be told apart.
func TestWriteError(t *testing.T) {
	open := samples(t)[0]
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	reader.Close()

	for _, tt := range []struct {
		name string
		file *os.File
		want error
	}{
		{"full disk", full, syscall.ENOSPC},
		{"closed pipe", pipe, syscall.EPIPE},
	} {
		for name, sink := range sinks(tt.file) {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				if err := sink.WriteRecord(Tag{}, open.typ, open.records[0]); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := sink.Flush(); !errors.Is(err, tt.want) {
						t.Errorf("Flush: got %v, want %v", err, tt.want)
					}
					if err := sink.WriteRecord(Tag{}, open.typ, open.records[0]); !errors.Is(err, tt.want) {
						t.Errorf("WriteRecord: got %v, want %v", err, tt.want)
					}
				}
			})
		}
		t.Run(tt.name+"/no flush", func(t *testing.T) {
			sink := NewJSON(tt.file)
			for range 10000 {
				if err := sink.WriteRecord(Tag{}, open.typ, open.records[0]); err != nil {
					if !errors.Is(err, tt.want) {
						t.Errorf("got %v, want %v", err, tt.want)
					}
					return
				}
			}
			t.Error("no error after 10000 rows")
		})
	}
}

func BenchmarkTable(b *testing.B) {
	open := samples(b)[0]
	sink := NewTable(io.Discard, 120)
	benchmark(b, sink, open)
}

func BenchmarkJSON(b *testing.B) {
	open := samples(b)[0]
	sink := NewJSON(io.Discard)
	benchmark(b, sink, open)
}

func benchmark(b *testing.B, sink recorder, s sample) {
	b.ReportAllocs()
	for b.Loop() {
		if err := sink.WriteRecord(Tag{}, s.typ, s.records[0]); err != nil {
			b.Fatal(err)
		}
	}
}
