package output

import (
	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// Option changes how values are printed.
type Option func(*options)

type options struct {
	raw    bool
	traces *traces // nil: stack traces are shown as they are
}

// RawValues has numbers printed as they are, also where the name or the type of a field says what they mean.
func RawValues() Option { return func(o *options) { o.raw = true } }

// StackNames has the functions of stack traces printed, below the row of their record or beside them in JSON, where a record holds or names
// some: in a member with "stack" in its name.
func StackNames(s Symbols) Option {
	return func(o *options) {
		if s != nil {
			o.traces = &traces{Symbols: s}
		}
	}
}

func optionsOf(opts []Option) options {
	var o options
	for _, set := range opts {
		set(&o)
	}
	if o.raw {
		o.traces = nil
	}
	return o
}

// of says whose records come next.
func (o *options) of(i *bpf.Instance) { o.traces.of(i) }

// form returns how values of type t are shown, or nil: as they are.
func (o options) form(t *decode.Type) *readable.Form {
	if o.raw {
		return nil
	}
	return readable.Of(t)
}
