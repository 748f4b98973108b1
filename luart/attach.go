package luart

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// attachBuiltins say how a target's programs are attached, and with which values they start.
var attachBuiltins = []builtin{
	{
		name: "set_kind", scope: inDescription, call: (*Script).setKind,
		params: "kind: string",
		text:   "Says how attach_to reads its second argument: auto, which is the default and goes by the program's ELF section, or one of " + strings.Join(bpf.Kinds(), ", ") + ".",
		example: `
target("latency")
    set_kind("uretprobe")
    attach_to("on_return", "/bin/bash:readline")`,
	},
	{
		name: "set_binary", scope: inDescription, call: (*Script).setBinary,
		params: "path: string",
		text: "Names the executable or library of this target's uprobes and usdt probes. A path is relative to the file that calls it; a name without a slash is searched as " +
			"the dynamic loader and PATH do.",
		example: `
target("malloc")
    set_binary("libc.so.6")
    attach_to("on_malloc", "malloc")`,
	},
	{
		name: "attach_to", scope: inDescription, call: (*Script).attachTo,
		params: "program: string, where: string, opts?: {pid?: integer, offset?: integer, cookie?: integer, binary?: string, retprobe?: boolean, " +
			"cpu?: string, mode?: string, priority?: integer, map?: string, cgroup?: string, order?: string}",
		text: "Attaches one program of the object to a function, binary:function, group:event, network interface, cgroup path, or whatever else its kind takes, in place of " +
			"what its ELF section says. Several calls attach it to several places. A kprobe may be at many functions of the kernel, tcp_*. Functions of a binary may have a version, memcpy@GLIBC_2.14, be many, str* or /^SSL_(read|write)$/, or " +
			"be an offset in the file, 0x1234; a usdt probe is provider:name. With a pid, the binary is that of the process, in its container, too. An option that the kind does not take is an error that says which kinds do: cpu is of " +
			"perf_event (\"0-3\"), mode of xdp (native, generic, offload) and tc (tcx, clsact), priority of netfilter and tc, map, cgroup and order are of iter.",
		example: `
target("latency")
    attach_to("on_read", "vfs_read", {cookie = 1})
    attach_to("on_read", "vfs_write", {cookie = 2})
    attach_to("on_line", "readline", {binary = "/bin/bash", pid = 4711})
    attach_to("on_packet", "eth0", {mode = "generic"})`,
	},
	{
		name: "set_globals", scope: inDescription, call: (*Script).setGlobals,
		params: "values: table<string, any>",
		text: "Sets const volatile and other global variables of the program before it is loaded. Names and values are checked against the object's BTF; a struct is a table of " +
			"its members, an array a list.",
		example: `
target("opensnoop")
    set_globals{targ_pid = 4711, min_ns = 1000000}`,
	},
	{
		name: "set_maps", scope: inDescription, call: (*Script).setMaps,
		params: "maps: table<string, {max_entries?: integer, pin?: boolean|string}>",
		text: "Changes how maps of the program are made: max_entries, which is bytes of a ring buffer, and pin, which is a path in a BPF file system, or true for the map's name in " +
			"/sys/fs/bpf. A map that lies there already is used with what it holds. Names are checked against the object.",
		example: `
target("counts")
    set_maps{counts = {max_entries = 4096}, events = {max_entries = 1048576}, totals = {pin = "/sys/fs/bpf/totals"}}`,
	},
}

// kinds are what set_kind takes.
var kinds = append([]string{"auto"}, bpf.Kinds()...)

func (s *Script) setKind(L *lua.LState) int {
	var kind string
	unpack(L, "set_kind", "kind", &kind)
	if !slices.Contains(kinds, kind) {
		hint := diag.DidYouMean(kind, kinds)
		if hint == "" {
			hint = "; there are: " + strings.Join(kinds, ", ")
		}
		L.RaiseError("set_kind: unknown kind %q%s", clip(kind), hint)
	}
	s.describe.settings().kind = &kind
	return 0
}

func (s *Script) setBinary(L *lua.LState) int {
	var binary string
	unpack(L, "set_binary", "path", &binary)
	if binary == "" {
		L.RaiseError("set_binary: the name is empty")
	}
	binary = binaryPath(s.dir(L), binary)
	s.describe.settings().binary = &binary
	return 0
}

func (s *Script) attachTo(L *lua.LState) int {
	h := builder.Hook{Pos: s.here(L, "attach_to")}
	var opts *lua.LTable
	unpack(L, "attach_to", "program", &h.Program, "where", &h.Where, "opts?", &opts)
	if h.Program == "" {
		L.RaiseError("attach_to: the name of the program is empty")
	}
	if opts != nil {
		unpackTable(L, "attach_to", opts, "pid", &h.PID, "offset", &h.Offset, "cookie", &h.Cookie,
			"binary", &h.Binary, "retprobe", &h.Retprobe, "cpu", &h.CPU, "mode", &h.Mode, "priority", &h.Priority,
			"map", &h.Map, "cgroup", &h.Cgroup, "order", &h.Order)
		if h.PID < 0 {
			L.RaiseError("attach_to: pid: expected a number that is not negative, got %d", h.PID)
		}
	}
	dir := s.dir(L)
	h.Binary = binaryPath(dir, h.Binary)
	// "./prog:main" is relative to the script, as set_binary("./prog") is.
	if binary, symbol, ok := strings.Cut(h.Where, ":"); ok && isDotted(binary) {
		h.Where = absolute(dir, binary) + ":" + symbol
	}
	set := s.describe.settings()
	set.hooks = append(set.hooks, h)
	return 0
}

// binaryPath returns a path of a binary as seen from folder dir. What has no slash is a name
// that is searched where programs and libraries are, and stays.
func binaryPath(dir, binary string) string {
	if !strings.Contains(binary, "/") {
		return binary
	}
	return absolute(dir, binary)
}

// isDotted reports whether path says by itself that it is relative.
func isDotted(path string) bool {
	return strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")
}

func (s *Script) setGlobals(L *lua.LState) int {
	var values *lua.LTable
	unpack(L, "set_globals", "values", &values)
	set, pos := s.describe.settings(), s.here(L, "set_globals")
	for _, f := range fields(values) {
		name, ok := f.key.(lua.LString)
		if !ok {
			L.RaiseError("set_globals: expected values by name, got the key %v", f.key)
		}
		value, err := s.plainValue(f.value, 0)
		if err != nil {
			L.RaiseError("set_globals: %s: %v", name, err)
		}
		set.globals = withGlobal(set.globals, builder.Global{Name: string(name), Value: value, Pos: pos})
	}
	return 0
}

// plainValue returns a Lua value as builder.Global holds it: a list becomes []any, another table map[string]any. Tables that are in several others
// may be as many as nobody can wait for: it looks at the alarm.
func (s *Script) plainValue(v lua.LValue, depth int) (any, error) {
	s.alarm.check()
	if value, ok := goValue(v); ok {
		return value, nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return nil, expected("a boolean, number, string or table", v)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("the table is nested too deeply")
	}
	all := fields(t)
	if n := t.Len(); n == len(all) {
		list := make([]any, n)
		for i, f := range all {
			var err error
			if list[i], err = s.plainValue(f.value, depth+1); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i+1, err)
			}
		}
		return list, nil
	}
	m := make(map[string]any, len(all))
	for _, f := range all {
		key, ok := f.key.(lua.LString)
		if !ok {
			return nil, fmt.Errorf("expected a list or fields by name, got both or the key %v", f.key)
		}
		value, err := s.plainValue(f.value, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		m[string(key)] = value
	}
	return m, nil
}
