package output

import (
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// Option changes how values are printed.
type Option func(*options)

type options struct {
	raw bool
}

// RawValues has numbers printed as they are, also where the name or the type of a field says what they mean.
func RawValues() Option { return func(o *options) { o.raw = true } }

func optionsOf(opts []Option) options {
	var o options
	for _, set := range opts {
		set(&o)
	}
	return o
}

// form returns how values of type t are shown, or nil: as they are.
func (o options) form(t *decode.Type) *readable.Form {
	if o.raw {
		return nil
	}
	return readable.Of(t)
}
