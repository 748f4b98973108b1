package luart

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
)

// setBTF takes the kernel that runs or a file, which need not be there until something is compiled with its types.
func (s *Script) setBTF(L *lua.LState) int {
	var from string
	unpack(L, "set_btf", "file", &from)
	switch from {
	case "":
		L.RaiseError(`set_btf: the name is empty; write "running" for the running kernel's types`)
	case builder.BTFRunning:
	default:
		from = absolute(s.dir(L), from)
	}
	s.describe.settings().btf = &builder.BTF{File: from, Pos: s.here(L, "set_btf")}
	return 0
}
