package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// syscallKind programs run once, when all are attached, with a context of zeroes.
var syscallKind = &kind{
	name:        "syscall",
	sections:    []string{"syscall"},
	anySuffix:   true,
	form:        "once",
	untargeted:  true,
	once:        true,
	programType: ebpf.Syscall,
	resolve: func(p *point) error {
		if p.where == "" {
			p.where = "once"
		}
		if p.where != "once" {
			return &predicate{`is no time to run at, which is written "once"`}
		}
		p.flags = unix.BPF_F_SLEEPABLE // which the kernel insists on
		return nil
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		opts := &ebpf.RunOptions{}
		if size := contextSize(p.object.spec.Programs[p.name]); size > 0 {
			opts.Context = make([]byte, size)
		}
		result, err := prog.Run(opts)
		switch {
		case errors.Is(err, unix.EINVAL):
			return nil, fmt.Errorf("it reads a context that is larger than its argument's type: %w", err)
		case err != nil:
			return nil, fmt.Errorf("run it: %w", err)
		case int32(result) < 0:
			return nil, fmt.Errorf("it ran and returned %d (%w)", int32(result), unix.Errno(-int32(result)))
		}
		p.instance.verbose(fmt.Sprintf("%s ran and returned %d", p.name, result))
		return closers(nil), nil
	},
}

// contextSize returns the size of what the argument of a program points to, 0 where the source does not tell.
func contextSize(spec *ebpf.ProgramSpec) int {
	if len(spec.Instructions) == 0 {
		return 0
	}
	f := btf.FuncMetadata(&spec.Instructions[0])
	if f == nil {
		return 0
	}
	proto, ok := f.Type.(*btf.FuncProto)
	if !ok || len(proto.Params) == 0 {
		return 0
	}
	ptr, ok := btf.UnderlyingType(proto.Params[0].Type).(*btf.Pointer)
	if !ok {
		return 0
	}
	size, err := btf.Sizeof(ptr.Target)
	if err != nil {
		return 0
	}
	return size
}
