package luart

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// targetBuiltins open and close targets, and say what they are made of.
var targetBuiltins = []builtin{
	{
		name: "target", scope: inDescription, call: (*Script).openTarget,
		params: "name: string, body?: table|fun()",
		text: "Opens a target: setters that follow apply to it. A second time re-opens it. With a function the target is closed behind it; with a table each " +
			"field calls a setter: kind is set_kind, files is add_files, event is on_event.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")

target("execsnoop", {files = "src/execsnoop.bpf.c", default = false})`,
	},
	{
		name: "target_end", scope: inDescription, call: (*Script).closeTarget,
		text: "Closes the target. What follows is a default for every target.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
target_end()
add_defines("TRACE")   -- for every target`,
	},
	{
		name: "set_description", scope: inDescription, call: (*Script).setDescription,
		params: "text: string",
		text:   "Says what ebpfx list shows.",
		example: `
target("opensnoop")
    set_description("which files are opened")`,
	},
	{
		name: "set_default", scope: inDescription, call: (*Script).setDefault,
		params: "default: boolean",
		text:   "Says whether a bare ebpfx build or ebpfx run takes the target. It does where nothing is said.",
		example: `
target("experiment")
    set_default(false)`,
	},
	{
		name: "add_files", scope: inDescription, call: (*Script).addFiles,
		params: "...: string|string[]",
		text: "Adds sources, *.bpf.c, or a ready object, *.bpf.o, by path or glob, in which ** stands for any number of folders. Several sources of a target are linked " +
			"into one object.",
		example: `
target("net")
    add_files("src/net/**.bpf.c", "src/maps.bpf.c")`,
	},
	{
		name: "add_includedirs", scope: inDescription, call: (*Script).addIncludeDirs,
		params: "...: string|string[]",
		text:   "Adds folders where the C compiler looks for headers, relative to the file that calls it.",
		example: `
target("net")
    add_includedirs("include", "third_party/libfoo")`,
	},
	{
		name: "add_defines", scope: inDescription, call: (*Script).addDefines,
		params: "...: string|string[]",
		text:   "Adds macros for the C compiler, each as NAME or NAME=VALUE.",
		example: `
target("net")
    add_defines("MAX_FLOWS=4096", "DEBUG")`,
	},
	{
		name: "add_cflags", scope: inDescription, call: (*Script).addCFlags,
		params: "...: string|string[]|{files: string|string[]}",
		text:   "Adds flags for the C compiler; with a table {files=} in the end, for those sources of the target alone.",
		example: `
target("net")
    add_files("src/net/*.bpf.c")
    add_cflags("-Wall", "-Wno-unused-function")
    add_cflags("-DTRACE", {files = "src/net/drops.bpf.c"})`,
	},
	{
		name: "set_cc", scope: inDescription, call: (*Script).setCC,
		params: "compiler: string",
		text:   "Compiles with another clang than the one that CLANG or PATH names: a name on PATH, or a path, which is relative to the file that calls it.",
		example: `
target("net")
    set_cc("clang-16")`,
	},
	{
		name: "set_btf", scope: inDescription, call: (*Script).setBTF,
		params: "file: string",
		text: "Takes the types of vmlinux.h from a file of BTF, or from the running kernel for \"running\", for sources that bring no vmlinux.h. Where it is not called they have " +
			"those of every kernel from 5.10 on, and the same sources give the same object on every machine.",
		example: `
target("driver")
    add_files("src/driver.bpf.c")
    set_btf("running")`,
	},
	{
		name: "add_deps", scope: inDescription, call: (*Script).addDeps,
		params: "...: string|string[]",
		text:   "Has other targets built first.",
		example: `
target("maps")
    add_files("src/maps.bpf.c")
target("net")
    add_files("src/net.bpf.c")
    add_deps("maps")`,
	},
}

func (s *Script) openTarget(L *lua.LState) int {
	var name string
	body := lua.LValue(lua.LNil)
	unpack(L, "target", "name", &name, "body?", &body)
	if problem := checkTargetName(name); problem != "" {
		L.RaiseError("target: %s", problem)
	}
	d := s.describe
	t := d.target(name)
	if t == nil {
		t = &target{name: name, pos: s.here(L, "target"), root: d.root}
		d.targets = append(d.targets, t)
	}
	d.current = t
	if body == lua.LNil {
		return 0
	}

	defer func() { d.current = nil }() // also when the error of a body is caught by a script
	switch body := body.(type) {
	case *lua.LFunction:
		L.Push(body)
		L.Call(0, 0)
	case *lua.LTable:
		s.setFields(L, body)
	default:
		L.RaiseError("target: body: %v", expected("a table or a function", body))
	}
	return 0
}

// checkTargetName returns what is wrong with a target's name, which people type and read.
func checkTargetName(name string) string {
	switch {
	case name == "":
		return "the name is empty"
	case strings.HasPrefix(name, "-"):
		return fmt.Sprintf("the name %q begins with -, as flags do", clip(name))
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Sprintf("the name %q holds control characters", clip(name))
	}
	return ""
}

// setFields calls a setter for each field of the table form of target: kind = "xdp" is set_kind("xdp"),
// files = {"a", "b"} is add_files("a", "b"), event = fn is on_event(fn).
func (s *Script) setFields(L *lua.LState, t *lua.LTable) {
	setters := s.fieldSetters()
	for _, f := range fields(t) {
		key, _ := f.key.(lua.LString)
		setter := setters[string(key)]
		if setter == "" {
			L.RaiseError("target: unknown field %v%s", f.key, diag.DidYouMean(f.key.String(), slices.Sorted(maps.Keys(setters))))
		}
		args := []lua.LValue{f.value}
		// What takes a table takes it whole, the others what is in it: attach_to = {"f", "vfs_read"}.
		if list, ok := f.value.(*lua.LTable); ok && setter != "set_globals" && setter != "set_maps" && !strings.HasPrefix(setter, "add_") {
			args = args[:0]
			for i := 1; i <= list.Len(); i++ {
				args = append(args, list.RawGetInt(i))
			}
		}
		L.Push(L.GetGlobal(setter))
		for _, a := range args {
			L.Push(a)
		}
		L.Call(len(args), 0)
	}
}

// fieldSetters maps the fields of the table form of target to the builtins that they call.
func (s *Script) fieldSetters() map[string]string {
	setters := make(map[string]string)
	for _, b := range s.builtins {
		if !b.setsTarget() {
			continue
		}
		setters[b.name] = b.name
		for _, prefix := range []string{"set_", "add_", "on_"} {
			if key, ok := strings.CutPrefix(b.name, prefix); ok {
				setters[key] = b.name
			}
		}
	}
	return setters
}

// setsTarget reports whether b is a setter of targets.
func (b builtin) setsTarget() bool {
	switch b.name {
	case "set_project", "set_version", "includes", "option", "target", "target_end", "entry":
		return false
	}
	return b.scope == inDescription
}

func (s *Script) closeTarget(L *lua.LState) int {
	unpack(L, "target_end")
	s.describe.current = nil
	return 0
}

func (s *Script) setDescription(L *lua.LState) int {
	var text string
	unpack(L, "set_description", "text", &text)
	s.describe.settings().description = &text
	return 0
}

func (s *Script) setDefault(L *lua.LState) int {
	var isDefault bool
	unpack(L, "set_default", "default", &isDefault)
	s.describe.settings().isDefault = &isDefault
	return 0
}

func (s *Script) addFiles(L *lua.LState) int {
	set, pos, dir := s.describe.settings(), s.here(L, "add_files"), s.dir(L)
	own := s.fileOptions(L, dir)
	for _, pattern := range unpackStrings(L, "add_files", "glob") {
		if pattern == "" {
			L.RaiseError("add_files: the name of a file is empty")
		}
		f := own
		f.Pattern, f.Dir, f.Pos = pattern, dir, pos
		set.files = append(set.files, f)
	}
	return 0
}

// fileOptions takes the table behind the files of add_files from the arguments, which says what those alone are compiled with.
func (s *Script) fileOptions(L *lua.LState, dir string) (f builder.Files) {
	opts := trailingTable(L)
	if opts == nil {
		return f
	}
	var cflags, defines, includeDirs lua.LValue = lua.LNil, lua.LNil, lua.LNil
	unpackTable(L, "add_files", opts, "cflags", &cflags, "defines", &defines, "includedirs", &includeDirs)
	for _, d := range optionStrings(L, "add_files: defines", defines) {
		f.Flags = append(f.Flags, "-D"+d)
	}
	f.Flags = append(f.Flags, optionStrings(L, "add_files: cflags", cflags)...)
	for _, d := range optionStrings(L, "add_files: includedirs", includeDirs) {
		f.IncludeDirs = append(f.IncludeDirs, absolute(dir, d))
	}
	return f
}

// trailingTable removes the last argument and returns it, if it is a table with names; else it returns nil.
func trailingTable(L *lua.LState) *lua.LTable {
	t, ok := L.Get(-1).(*lua.LTable)
	if !ok || L.GetTop() < 2 || t.Len() > 0 || len(fields(t)) == 0 {
		return nil
	}
	L.Pop(1)
	return t
}

// optionStrings returns a string, or a list of strings, of an option; none where it is nil.
func optionStrings(L *lua.LState, what string, v lua.LValue) []string {
	if v == lua.LNil {
		return nil
	}
	list, ok := v.(*lua.LTable)
	if !ok {
		list = L.NewTable()
		list.Append(v)
	}
	var texts []string
	for _, f := range fields(list) {
		var text string
		if err := assign(&text, f.value); err != nil {
			L.RaiseError("%s: %v", what, err)
		}
		texts = append(texts, text)
	}
	return texts
}

func (s *Script) addIncludeDirs(L *lua.LState) int {
	set, dir := s.describe.settings(), s.dir(L)
	for _, d := range unpackStrings(L, "add_includedirs", "dir") {
		set.includeDirs = append(set.includeDirs, absolute(dir, d))
	}
	return 0
}

func (s *Script) addDefines(L *lua.LState) int {
	set := s.describe.settings()
	set.defines = append(set.defines, unpackStrings(L, "add_defines", "name")...)
	return 0
}

func (s *Script) addCFlags(L *lua.LState) int {
	set := s.describe.settings()
	opts := trailingTable(L)
	flags := unpackStrings(L, "add_cflags", "flag")
	if opts == nil {
		set.cflags = append(set.cflags, flags...)
		return 0
	}
	var files lua.LValue = lua.LNil
	unpackTable(L, "add_cflags", opts, "files", &files)
	patterns := optionStrings(L, "add_cflags: files", files)
	if len(patterns) == 0 {
		L.RaiseError("add_cflags: files: expected a path or a glob")
	}
	for _, pattern := range patterns {
		set.fileCFlags = append(set.fileCFlags, builder.Files{Pattern: pattern, Dir: s.dir(L), Flags: flags, Pos: s.here(L, "add_cflags")})
	}
	return 0
}

func (s *Script) addDeps(L *lua.LState) int {
	set, pos := s.describe.settings(), s.here(L, "add_deps")
	for _, name := range unpackStrings(L, "add_deps", "target") {
		set.deps = append(set.deps, builder.Dep{Name: name, Pos: pos})
	}
	return 0
}

// absolute returns path as seen from folder dir.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
