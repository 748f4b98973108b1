package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/luart"
)

// Types returns the functions as the Lua language server reads them, a file with ---@meta.
func Types() string {
	var b strings.Builder
	b.WriteString("---@meta\n-- Made by: ebpfx gen lua-types\n\n")
	b.WriteString("---The enumerators of the programs that run.\n---@type table<string, integer>\nenum = {}\n")
	for _, c := range luart.Classes() {
		writeDoc(&b, c.Text)
		fmt.Fprintf(&b, "---@class %s\n", c.Name)
		for _, p := range c.Fields {
			fmt.Fprintf(&b, "---@field %s %s\n", p.Name, p.Type)
		}
		if c.Name == "event" || c.Name == "array" || c.Name == "map" {
			b.WriteString("---@field [any] any\n")
		}
		if hasMethods(c.Name) { // of which the variable's name is part; that of map would hide the function
			fmt.Fprintf(&b, "local %s = {}\n", c.Name)
		}
	}
	libraries := map[string]bool{"os": true, "io": true, "string": true, "table": true, "math": true} // that the server knows
	for _, f := range luart.Functions() {
		if library, _, ok := strings.Cut(f.Name, "."); ok && !libraries[library] {
			libraries[library] = true
			fmt.Fprintf(&b, "\n%s = {}\n", library)
		}
		writeDoc(&b, f.Text)
		fmt.Fprintf(&b, "---\n---```lua\n---%s\n---```\n", strings.ReplaceAll(f.Example, "\n", "\n---"))
		for _, p := range f.Params {
			fmt.Fprintf(&b, "---@param %s %s\n", optional(p), p.Type)
		}
		for _, params := range f.Overloads {
			if class, _, ok := strings.Cut(f.Name, ":"); ok {
				params = append([]luart.Param{{Name: "self", Type: class}}, params...)
			}
			fmt.Fprintf(&b, "---@overload fun(%s)%s\n", typedParams(params), returned(f))
		}
		if f.Returns != "" {
			fmt.Fprintf(&b, "---@return %s\n", f.Returns)
		}
		fmt.Fprintf(&b, "function %s(%s) end\n", f.Name, paramNames(f.Params))
	}
	return b.String()
}

// hasMethods reports whether the class has any.
func hasMethods(class string) bool {
	return slices.ContainsFunc(luart.Functions(), func(f luart.Function) bool { return strings.HasPrefix(f.Name, class+":") })
}

func writeDoc(b *strings.Builder, text string) {
	fmt.Fprintf(b, "\n---%s\n", text)
}

// optional returns a parameter's name as ---@param has it.
func optional(p luart.Param) string {
	if p.Optional {
		return p.Name + "?"
	}
	return p.Name
}

func typedParams(params []luart.Param) string {
	list := make([]string, len(params))
	for i, p := range params {
		list[i] = optional(p) + ": " + p.Type
	}
	return strings.Join(list, ", ")
}

func returned(f luart.Function) string {
	if f.Returns == "" {
		return ""
	}
	return ": " + f.Returns
}

func paramNames(params []luart.Param) string {
	list := make([]string, len(params))
	for i, p := range params {
		list[i] = p.Name
	}
	return strings.Join(list, ", ")
}

// Settings returns the .luarc.json of a project in whose folder TypesFile lies.
func Settings() string {
	return `{
  "runtime.version": "Lua 5.1",
  "workspace.library": ["types"],
  "workspace.checkThirdParty": false
}
`
}

// Where the language server finds what Types and Settings return, in a project's folder.
const (
	TypesFile    = "types/ebpfx.lua"
	SettingsFile = ".luarc.json"
)
