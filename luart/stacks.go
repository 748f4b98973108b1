package luart

import (
	"encoding/hex"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/stack"
)

// stackBuiltins name addresses.
var stackBuiltins = []builtin{
	{
		name: "ksym", scope: anywhere, call: (*Script).ksym,
		params: "address: integer, long?: boolean", returns: "string",
		text: "Returns the function of the kernel, of a module or of a BPF program that the address lies in; long adds the place in it and the module: \"nf_hook_slow+0x12 " +
			"[nf_tables]\". An address that has no name is told in hexadecimal, as are all where the kernel hides them (sysctl kernel.kptr_restrict).",
		example: `print(ksym(16))   --> 0x10`,
	},
	{
		name: "usym", scope: anywhere, call: (*Script).usym,
		params: "pid: integer, address: integer, long?: boolean", returns: "string",
		text: "Returns the function that an address of a process lies in: by the symbols of its binaries, also of containers' and deleted ones, of their debug files, or of what a " +
			"just-in-time compiler wrote to /tmp/perf-PID.map. Where only the module is known, it is that and the place in it, \"libfoo.so+0x1234\", and otherwise " +
			"the address in hexadecimal. long adds the place in the function and the path. A function that a compiler put into another one has that one's name. What " +
			"was seen of a process is kept when it is gone.",
		example: `print(usym(1, 16))   --> 0x10`,
	},
	{
		name: "kstack", scope: anywhere, call: (*Script).kstack,
		params: "stack: integer|table|array, map?: bpfmap, long?: boolean", returns: "string[]",
		text: "Returns the functions of a stack of the kernel, the innermost first, named as by ksym. stack is what bpf_get_stackid() returned, which is looked for in the map or in " +
			"all stack-trace maps of running targets, or an array or list of addresses, as bpf_get_stack() writes it. It is empty where there is no such stack.",
		example: `print(#kstack(-14), kstack({16})[1])   --> 0	0x10`,
	},
	{
		name: "ustack", scope: anywhere, call: (*Script).ustack,
		params: "stack: integer|table|array, pid: integer, map?: bpfmap, long?: boolean", returns: "string[]",
		text: "Returns the functions of a stack of a process, the innermost first, named as by usym; where only the module is known that is the name, \"[libfoo.so]\", and long adds " +
			"the place. The rest is as for kstack. Maps with BPF_F_STACK_BUILD_ID are understood: " +
			"their frames have names also when the process is gone.",
		example: `print(ustack({16, 32}, 1)[2])   --> 0x20`,
	},
	{
		name: "folded", scope: anywhere, call: (*Script).folded,
		params: "...: string|string[]", returns: "string",
		text: "Returns a line as flame graph tools take it, to which a blank and a count are added: names as they are, and stacks turned round, so that the outermost function " +
			"comes first.",
		example: `print(folded("sh", {"write", "main"}, {"vfs_write"}) .. " 7")   --> sh;main;write;vfs_write 7`,
	},
}

// address reads argument n of the builtin fn.
func address(L *lua.LState, fn string, v lua.LValue) uint64 {
	i, ok := integerOf(v)
	if !ok {
		L.RaiseError("%s: address: %v", fn, expected("a whole number", v))
	}
	return i.bits()
}

func (s *Script) ksym(L *lua.LState) int {
	var at lua.LValue
	long := false
	unpack(L, "ksym", "address", &at, "long?", &long)
	a := address(L, "ksym", at)
	defer s.guard.pause()() // the first time it reads a long list
	L.Push(s.values.text([]byte(s.symbols.KernelName(a, long))))
	return 1
}

func (s *Script) usym(L *lua.LState) int {
	var pid int64
	var at lua.LValue
	long := false
	unpack(L, "usym", "pid", &pid, "address", &at, "long?", &long)
	a := address(L, "usym", at)
	defer s.guard.pause()()
	L.Push(s.values.text([]byte(s.symbols.UserName(process(pid), a, long))))
	return 1
}

// process returns the number of a process; 0, which is none's, where pid is none.
func process(pid int64) int {
	if pid < 0 || pid != int64(int32(pid)) {
		return 0
	}
	return int(pid)
}

func (s *Script) kstack(L *lua.LState) int {
	var v, in lua.LValue
	long := false
	unpack(L, "kstack", "stack", &v, "map?", &in, "long?", &long)
	frames := s.frames(L, "kstack", v, in, true)
	defer s.guard.pause()()
	return pushNames(L, s.symbols.KernelFrames(frames, long))
}

func (s *Script) ustack(L *lua.LState) int {
	var v, in lua.LValue
	var pid int64
	long := false
	unpack(L, "ustack", "stack", &v, "pid", &pid, "map?", &in, "long?", &long)
	frames := s.frames(L, "ustack", v, in, false)
	defer s.guard.pause()()
	return pushNames(L, s.symbols.UserFrames(process(pid), frames, long))
}

func pushNames(L *lua.LState, names []string) int {
	t := L.CreateTable(len(names), 0)
	for _, n := range names {
		t.Append(lua.LString(n))
	}
	L.Push(t)
	return 1
}

// frames returns the stack that v is, or that it is the number of. in is the map to look in; nil: all that there are.
func (s *Script) frames(L *lua.LState, fn string, v, in lua.LValue, kernel bool) []bpf.Frame {
	switch v := v.(type) {
	case *array:
		return bpf.ParseStack(v.typ, v.data)
	case *lua.LTable:
		return listedFrames(L, fn, v)
	}
	id, ok := integerOf(v)
	if !ok {
		L.RaiseError("%s: %v", fn, expected("the number of a stack, or a list of addresses", v))
	}
	maps := s.stackMaps()
	if in != nil {
		m := kernelMapOf(in)
		if m == nil || !m.kernel.HoldsStacks() {
			L.RaiseError("%s: map: %v", fn, expected("a map of stack traces, as handle.maps.NAME", in))
		}
		maps = []*bpf.Map{m.kernel}
	}
	for _, m := range maps {
		frames, err := m.Stack(int64(id.bits()))
		if err != nil {
			if in == nil {
				continue
			}
			L.RaiseError("%s: %v", fn, err)
		}
		// Numbers of stacks are those of their map alone. Addresses of the kernel are those of which the highest bit is set.
		if len(frames) > 0 && (in != nil || (frames[0].Address>>63 != 0) == kernel) {
			return frames
		}
	}
	return nil
}

// stackMaps returns the maps of stack traces of all targets that run.
func (s *Script) stackMaps() []*bpf.Map {
	if s.loop == nil {
		return nil
	}
	var maps []*bpf.Map
	for _, i := range s.loop.instances {
		if i.stacks == nil {
			i.stacks, _ = i.kernel.StackMaps() // of one that was closed there are none
		}
		maps = append(maps, i.stacks...)
	}
	return maps
}

// listedFrames returns what t lists: addresses, or {build_id=, offset=} as stack-trace maps give them. A zero ends it, as in the kernel's arrays.
func listedFrames(L *lua.LState, fn string, t *lua.LTable) []bpf.Frame {
	var frames []bpf.Frame
	for i := 1; ; i++ {
		switch v := t.RawGetInt(i).(type) {
		case *lua.LNilType:
			return frames
		case *lua.LTable:
			id, _ := v.RawGetString("build_id").(lua.LString)
			b, err := hex.DecodeString(string(id))
			offset, ok := integerOf(v.RawGetString("offset"))
			if err != nil || len(b) == 0 || !ok {
				L.RaiseError("%s: element %d: expected an address or {build_id=, offset=}", fn, i)
			}
			frames = append(frames, bpf.Frame{BuildID: b, Offset: offset.bits()})
		default:
			n, ok := integerOf(v)
			if !ok {
				L.RaiseError("%s: element %d: %v", fn, i, expected("an address", v))
			}
			if n.mag == 0 {
				return frames
			}
			frames = append(frames, bpf.Frame{Address: n.bits()})
		}
	}
}

func (*Script) folded(L *lua.LState) int {
	var parts [][]string
	for i := 1; i <= L.GetTop(); i++ {
		switch v := L.Get(i).(type) {
		case lua.LString, lua.LNumber, wide:
			parts = append(parts, []string{v.String()})
		case *lua.LTable:
			var names []string
			for k := 1; ; k++ {
				n := v.RawGetInt(k)
				if n == lua.LNil {
					break
				}
				text, ok := n.(lua.LString)
				if !ok {
					L.RaiseError("folded: argument %d: element %d: %v", i, k, expected("a string", n))
				}
				names = append(names, string(text))
			}
			parts = append(parts, names)
		default:
			L.RaiseError("folded: argument %d: %v", i, expected("a string or a list of them", v))
		}
	}
	L.Push(lua.LString(stack.Fold(parts...)))
	return 1
}
