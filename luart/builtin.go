package luart

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// scope says where a builtin may be called.
type scope uint8

const (
	// inDescription is the file level of project.lua and of the files that it includes.
	inDescription scope = 1 << iota
	// inScript is the inside of functions that Run calls: entry, callbacks, timers.
	inScript

	// inHook is the inside of functions around a build, in which nothing can be started.
	inHook

	anywhere = inDescription | inScript | inHook
)

// builtin is a function that ebpfx adds to Lua, or a method of one of its values.
type builtin struct {
	name  string // as scripts call it; one in a library is "os.print", one of a value is "event:type" (see classes)
	scope scope
	call  func(s *Script, L *lua.LState) int

	// What the reference says; see Function, which is made of it.
	params    string   // "program: string, where: string, opts?: table"
	overloads []string // params of other forms
	returns   string
	text      string
	example   string
}

// family is a group of builtins that the reference shows together.
type family struct {
	title    string
	builtins []builtin
}

// families are all builtins. The state is filled from this table, names are checked and misspelt ones are corrected against it, and
// the reference, its tests and the types for editors are made from it.
func families() []family {
	return []family{
		{"The project", projectBuiltins},
		{"Options and modes", optionBuiltins},
		{"Targets", targetBuiltins},
		{"How programs are attached", attachBuiltins},
		{"Around a build", buildHookBuiltins},
		{"Callbacks", handlerBuiltins},
		{"Running", scriptBuiltins},
		{"Output", outputBuiltins},
		{"Pictures", renderBuiltins},
		{"JSON", jsonBuiltins},
		{"Aggregations", makingBuiltins},
		{"What aggregations can do", aggregationBuiltins},
		{"Events and numbers", eventBuiltins},
		{"Tables", mapBuiltins},
		{"Handles", slices.Concat(handleBuiltins, kernelMapBuiltins)},
		{"Names for numbers", nameBuiltins},
		{"Stacks and symbols", stackBuiltins},
	}
}

// builtins returns those of all families.
func builtins() []builtin {
	var all []builtin
	for _, f := range families() {
		all = slices.Concat(all, f.builtins)
	}
	return all
}

// install makes the builtins callable in the state.
func (s *Script) install() {
	s.builtins = builtins()
	s.methods = make(map[string]map[string]lua.LValue)
	for _, b := range s.builtins {
		fn := s.state.NewFunction(func(L *lua.LState) int {
			if b.scope&s.scope == 0 {
				L.RaiseError("%s", b.misplaced(s.scope))
			}
			return b.call(s, L)
		})
		if class, method, ok := strings.Cut(b.name, ":"); ok {
			if s.methods[class] == nil {
				s.methods[class] = make(map[string]lua.LValue)
			}
			s.methods[class][method] = fn
		} else if library, name, ok := strings.Cut(b.name, "."); ok {
			s.state.SetField(s.library(library), name, fn)
		} else {
			s.state.SetGlobal(b.name, fn)
		}
	}
}

// library returns the table of functions called name, which it makes if Lua has none.
func (s *Script) library(name string) lua.LValue {
	t := s.state.GetGlobal(name)
	if t == lua.LNil {
		t = s.state.NewTable()
		s.state.SetGlobal(name, t)
	}
	return t
}

// misplaced says where the builtin belongs, for a call that came from in.
func (b builtin) misplaced(in scope) string {
	switch {
	case b.scope == inDescription:
		return b.name + ": belongs at file level, not inside a function that runs"
	case in == inHook:
		return b.name + ": belongs where targets run, in entry or a callback; around a build none does"
	}
	return b.name + ": belongs inside a function: entry(function() ... end)"
}
