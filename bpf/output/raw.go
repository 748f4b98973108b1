package output

import (
	"io"

	"github.com/ebpfx/ebpfx/bpf"
)

// Raw writes the bytes of records as they came, one behind the other and nothing between them, for programs that know
// their layout. Records of perf buffers have up to seven bytes of padding behind them.
type Raw struct{ buffer }

// NewRaw writes to w.
func NewRaw(w io.Writer) *Raw { return &Raw{buffer{w: w}} }

// Write writes the records of b.
func (r *Raw) Write(b *bpf.Batch) error {
	for i := range b.Len() {
		r.lines = append(r.lines, b.Record(i)...)
		if err := r.lineDone(); err != nil {
			return err
		}
	}
	return r.err
}
