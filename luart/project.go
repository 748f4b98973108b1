package luart

import lua "github.com/yuin/gopher-lua"

// projectBuiltins describe the project as a whole.
var projectBuiltins = []builtin{
	{
		name: "set_project", scope: inDescription, call: (*Script).setProject,
		params: "name: string",
		text:   "Names the project.",
		example: `
set_project("guard")`,
	},
	{
		name: "set_version", scope: inDescription, call: (*Script).setVersion,
		params: "version: string",
		text:   "Says which version of the project this is.",
		example: `
set_version("1.2.0")`,
	},
	{
		name: "includes", scope: inDescription, call: (*Script).includes,
		params: "...: string|string[]",
		text: "Loads further files: scripts, or folders with a project.lua, by path or glob, relative to the file that calls it. Each file is loaded " +
			"once. Defaults that were set before apply to its targets too; what it sets itself ends with it.",
		example: `
includes("tools/*.lua")   -- tools/net.lua describes the target net
includes("guard")         -- guard/project.lua`,
	},
}

func (s *Script) setProject(L *lua.LState) int {
	unpack(L, "set_project", "name", &s.project.Name)
	return 0
}

func (s *Script) setVersion(L *lua.LState) int {
	unpack(L, "set_version", "version", &s.project.Version)
	return 0
}
