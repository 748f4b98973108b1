package luart

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// optionBuiltins are the switches of a project that its users have.
var optionBuiltins = []builtin{
	{
		name: "option", scope: inDescription, call: (*Script).option,
		params: "name: string, about?: {default?: boolean|number|string, description?: string, type?: string}",
		text: "Gives users a switch, --set name=value, which get_option reads. type is boolean, number or string; without it the default tells, which is false " +
			"if there is none. ebpfx list shows the options of a project.",
		example: `
option("verbose", {description = "trace what is skipped, too"})
option("room", {default = 1024, description = "entries of each map"})`,
	},
	{
		name: "get_option", scope: anywhere, call: (*Script).getOption,
		params: "name: string", returns: "any",
		text: "Returns what --set says of an option that was declared before, or its default: a boolean, a number or a string.",
		example: `
option("room", {default = 1024})
target("counts")
    set_maps{counts = {max_entries = get_option("room")}}`,
	},
	{
		name: "is_mode", scope: anywhere, call: (*Script).isMode,
		params: "...: string", returns: "boolean",
		text: "Reports whether the mode is one of these. It is release, or what -m says: debug, for flags and macros that only those have who look for a fault. The objects " +
			"of each mode lie apart.",
		example: `
if is_mode("debug") then
    add_defines("DEBUG")
end`,
	},
}

// Option is a switch that a project gives its users.
type Option struct {
	Name        string
	Description string
	Type        string // boolean, number or string
	Default     string // as --set takes it
	Value       string

	value lua.LValue
}

// Modes that is_mode may know without a mistake.
const (
	ModeRelease = "release"
	ModeDebug   = "debug"
)

func (s *Script) option(L *lua.LState) int {
	var name string
	var about *lua.LTable
	unpack(L, "option", "name", &name, "about?", &about)
	if name == "" || strings.ContainsAny(name, "= \t\n") || strings.HasPrefix(name, "-") {
		L.RaiseError("option: %q is no name for --set", clip(name))
	}
	if s.optionNamed(name) != nil {
		L.RaiseError("option: %s is declared already", name)
	}
	var def lua.LValue = lua.LNil
	o := &Option{Name: name}
	if about != nil {
		unpackTable(L, "option", about, "default", &def, "description", &o.Description, "type", &o.Type)
	}
	if o.Type == "" {
		o.Type = typeName(def)
	}
	if def == lua.LNil {
		switch o.Type {
		case "nil", "boolean":
			o.Type, def = "boolean", lua.LFalse
		case "number":
			def = lua.LNumber(0)
		case "string":
			def = lua.LString("")
		}
	}
	types := []string{"boolean", "number", "string"}
	switch {
	case !slices.Contains(types, o.Type):
		L.RaiseError("option: type: %q is none of boolean, number, string%s", clip(o.Type), diag.DidYouMean(o.Type, types))
	case typeName(def) != o.Type:
		L.RaiseError("option: default: expected a %s, got %s", o.Type, describe(def))
	}
	o.value, o.Default = def, def.String()
	if text, ok := s.set[name]; ok {
		value, err := o.parse(text)
		if err != nil {
			s.raise(L, fmt.Errorf("--set %s=%s: %w", name, clip(text), err))
		}
		o.value = value
	}
	o.Value = o.value.String()
	s.options = append(s.options, o)
	return 0
}

// parse reads a value as it is given to --set.
func (o *Option) parse(text string) (lua.LValue, error) {
	switch o.Type {
	case "string":
		return lua.LString(text), nil
	case "number":
		n, err := strconv.ParseFloat(text, 64)
		if whole, intErr := strconv.ParseInt(text, 0, 64); intErr == nil {
			return signedValue(whole), nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is a number")
		}
		return lua.LNumber(n), nil
	}
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y", "1":
		return lua.LTrue, nil
	case "false", "no", "off", "n", "0":
		return lua.LFalse, nil
	}
	return nil, fmt.Errorf("it is true or false")
}

func (s *Script) optionNamed(name string) *Option {
	i := slices.IndexFunc(s.options, func(o *Option) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return s.options[i]
}

func (s *Script) optionNames() []string {
	var names []string
	for _, o := range s.options {
		names = append(names, o.Name)
	}
	return names
}

func (s *Script) getOption(L *lua.LState) int {
	var name string
	unpack(L, "get_option", "name", &name)
	o := s.optionNamed(name)
	if o == nil {
		L.RaiseError("get_option: no option named %q was declared before%s", clip(name), diag.DidYouMean(name, s.optionNames()))
	}
	L.Push(o.value)
	return 1
}

func (s *Script) isMode(L *lua.LState) int {
	names := unpackStrings(L, "is_mode", "mode")
	known := []string{ModeRelease, ModeDebug, s.mode}
	for _, name := range names {
		if !slices.Contains(known, name) {
			if hint := diag.DidYouMean(name, known); hint != "" {
				L.RaiseError("is_mode: unknown mode %q%s", clip(name), hint)
			}
		}
	}
	L.Push(lua.LBool(slices.Contains(names, s.mode)))
	return 1
}

// checkSet is the error about values of --set that no option takes.
func (s *Script) checkSet() error {
	for _, name := range slices.Sorted(maps.Keys(s.set)) {
		if s.optionNamed(name) != nil {
			continue
		}
		switch names := s.optionNames(); len(names) {
		case 0:
			return fmt.Errorf("--set %s: the project has no options", name)
		default:
			hint := diag.DidYouMean(name, names)
			if hint == "" {
				hint = "; there is: " + strings.Join(names, ", ")
			}
			return fmt.Errorf("--set %s: the project has no option of that name%s", name, hint)
		}
	}
	return nil
}

// Options returns the switches that the project gives its users, in the order in which they were declared.
func (s *Script) Options() []Option {
	var list []Option
	for _, o := range s.options {
		list = append(list, *o)
	}
	return list
}
