package output

import (
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// Symbols names the frames of stack traces, as stack.Names does.
type Symbols interface {
	KernelFrames(frames []bpf.Frame, long bool) []string
	UserFrames(pid int, frames []bpf.Frame, long bool) []string
}

// traces names the stack traces of records. A nil traces names none.
type traces struct {
	Symbols
	lookup func(id int64) []bpf.Frame // finds stack traces by number; nil: nothing does

	instance *bpf.Instance // whose maps lookup reads
}

// of has traces look for stack traces in the maps of i. Maps that cannot be read have none.
func (t *traces) of(i *bpf.Instance) {
	if t == nil || i == nil || t.instance == i {
		return
	}
	t.instance, t.lookup = i, nil
	if maps, err := i.StackMaps(); err == nil && len(maps) > 0 {
		t.lookup = func(id int64) []bpf.Frame { return bpf.FindStack(maps, id) }
	}
}

// in has traces look for stack traces in s.
func (t *traces) in(s *bpf.Snapshot) {
	if t == nil {
		return
	}
	if t.lookup = nil; s.HasStacks() {
		t.lookup = s.Stack
	}
}

// members returns the members of t that are or name stack traces whose functions can be told.
func (t *traces) members(typ *decode.Type) []*decode.Field {
	if t == nil || typ == nil {
		return nil
	}
	var fields []*decode.Field
	for i := range typ.Fields {
		if f := &typ.Fields[i]; isStack(f) || t.lookup != nil && isStackID(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// isStack reports whether f is a stack trace, as bpf_get_stack writes it.
func isStack(f *decode.Field) bool {
	if f.Type.Kind != decode.Array || !isStackName(f.Name) {
		return false
	}
	elem := f.Type.Elem
	return elem.Size == 8 && (isCount(elem) || elem.Kind == decode.Pointer) || elem.Name == "struct bpf_stack_build_id"
}

// isStackID reports whether f is what bpf_get_stackid returned.
func isStackID(f *decode.Field) bool { return isCount(f.Type) && f.BitSize == 0 && isStackName(f.Name) }

func isStackName(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "stack") && !strings.HasSuffix(name, "_sz") && !strings.Contains(name, "size") && !strings.HasSuffix(name, "_len")
}

// isUserStack reports whether the stack of that name is one of user space, whose addresses are no kernel's.
func isUserStack(name string) bool {
	return strings.Contains(name, "user") || strings.Contains(name, "ustack") || strings.Contains(name, "u_stack")
}

// frames returns the functions of the stack trace that f of a record is or names, the innermost first, or addresses where their
// names are not known.
func (t *traces) frames(typ *decode.Type, f *decode.Field, rec []byte, long bool) []string {
	var found []bpf.Frame
	if isStack(f) {
		found = bpf.ParseStack(f.Type, stackInUse(typ, f, rec))
	} else if id, ok := f.Bits(rec); ok && t.lookup != nil {
		found = t.lookup(stackID(f.Type, id))
	}
	if isUserStack(f.Name) {
		return t.UserFrames(processOf(typ, rec), found, long)
	}
	return t.KernelFrames(found, long)
}

// appendFrames appends the functions of the stack traces of a record, a line each.
func (t *traces) appendFrames(dst []byte, typ *decode.Type, fields []*decode.Field, rec []byte) []byte {
	for _, f := range fields {
		for _, frame := range t.frames(typ, f, rec, true) {
			dst = append(append(dst, "    "...), frame...)
			dst = append(dst, '\n')
		}
	}
	return dst
}

// stackInUse returns the part of the stack trace f that a member called f_sz or f_size says to be filled, in bytes; all of it where there is none.
func stackInUse(t *decode.Type, f *decode.Field, rec []byte) []byte {
	b := f.Bytes(rec)
	for _, suffix := range []string{"_sz", "_size"} {
		size := t.Field(f.Name + suffix)
		if size == nil || !isCount(size.Type) {
			continue
		}
		n, _ := size.Bits(rec)
		if used := stackID(size.Type, n); used < 0 { // an error of the helper
			return nil
		} else if used < int64(len(b)) {
			return b[:used]
		}
	}
	return b
}

// withoutStacks is form, of typ, without the members among fields that are stack traces: as numbers they say nothing.
func withoutStacks(form *readable.Form, typ *decode.Type, fields []*decode.Field) *readable.Form {
	return readable.Without(form, typ, func(f *decode.Field) bool {
		return isStack(f) && slices.ContainsFunc(fields, func(g *decode.Field) bool { return g.Name == f.Name })
	})
}

// processOf returns the number of the process that a record is about, or 0.
func processOf(t *decode.Type, rec []byte) int {
	for _, name := range []string{"tgid", "pid", "target_pid", "pid_tgid", "tid"} {
		if f := t.Field(name); f != nil && isCount(f.Type) {
			id, _ := f.Bits(rec)
			if f.Type.Size == 8 && id>>32 != 0 {
				id >>= 32 // bpf_get_current_pid_tgid as it is
			}
			return int(int32(id))
		}
	}
	return 0
}

// stackID returns bits as the helper returned them: negative for an error, whatever the program made of it.
func stackID(t *decode.Type, bits uint64) int64 {
	if t.Size == 4 {
		return int64(int32(bits))
	}
	return int64(bits)
}
