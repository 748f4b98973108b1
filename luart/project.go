package luart

import lua "github.com/yuin/gopher-lua"

// projectBuiltins describe the project as a whole.
var projectBuiltins = []builtin{
	{"set_project", "name", "name the project", inDescription, (*Script).setProject},
	{"set_version", "version", "say which version of the project this is", inDescription, (*Script).setVersion},
	{"includes", "glob, ...", "load other project.lua files or folders", inDescription, (*Script).includes},
}

func (s *Script) setProject(L *lua.LState) int {
	unpack(L, "set_project", "name", &s.project.Name)
	return 0
}

func (s *Script) setVersion(L *lua.LState) int {
	unpack(L, "set_version", "version", &s.project.Version)
	return 0
}
