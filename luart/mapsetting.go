package luart

import (
	"math"
	"path/filepath"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
)

func (s *Script) setMaps(L *lua.LState) int {
	var values *lua.LTable
	unpack(L, "set_maps", "maps", &values)
	set, pos := s.describe.settings(), s.here(L, "set_maps")
	for _, f := range fields(values) {
		name, ok := f.key.(lua.LString)
		if !ok {
			L.RaiseError("set_maps: expected maps by name, got the key %v", f.key)
		}
		about, ok := f.value.(*lua.LTable)
		if !ok {
			L.RaiseError("set_maps: %s: %v", name, expected("a table", f.value))
		}
		m := builder.Map{Name: string(name), Pos: pos}
		var entries uint64
		var pin lua.LValue = lua.LNil
		unpackTable(L, "set_maps: "+string(name), about, "max_entries", &entries, "pin", &pin)
		if about.RawGetString("max_entries") != lua.LNil && (entries == 0 || entries > math.MaxUint32) {
			L.RaiseError("set_maps: %s: max_entries: expected a number from 1 to %d, got %d", name, uint32(math.MaxUint32), entries)
		}
		m.MaxEntries = uint32(entries)
		switch pin := pin.(type) {
		case *lua.LNilType:
		case lua.LBool:
			m.Pin = builder.PinNever
			if pin {
				m.Pin = builder.PinByName
			}
		case lua.LString:
			if !filepath.IsAbs(string(pin)) {
				L.RaiseError("set_maps: %s: pin: %q is no absolute path; write true for /sys/fs/bpf/%s", name, clip(string(pin)), name)
			}
			m.Pin = string(pin)
		default:
			L.RaiseError("set_maps: %s: pin: %v", name, expected("a boolean or a path", pin))
		}
		set.maps = withMap(set.maps, m)
	}
	return 0
}

func (s *Script) setCC(L *lua.LState) int {
	var name string
	unpack(L, "set_cc", "compiler", &name)
	if name == "" {
		L.RaiseError("set_cc: the name is empty")
	}
	s.describe.settings().cc = &builder.CC{Name: binaryPath(s.dir(L), name), Pos: s.here(L, "set_cc")}
	return 0
}
