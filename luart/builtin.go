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

	anywhere = inDescription | inScript
)

// builtin is a function that ebpfx adds to Lua.
type builtin struct {
	name   string // as scripts call it; one in a library is "os.print"
	params string // as the reference shows them: "program, where[, opts]"
	doc    string // a phrase for the reference
	scope  scope
	call   func(s *Script, L *lua.LState) int
}

// builtins returns all of them, family by family. The state is filled from this table, names are checked
// and misspelt ones are corrected against it, and the reference is printed from it.
func builtins() []builtin {
	return slices.Concat(
		projectBuiltins,
		targetBuiltins,
		attachBuiltins,
		handlerBuiltins,
		outputBuiltins,
		scriptBuiltins,
	)
}

// install makes the builtins callable in the state.
func (s *Script) install() {
	s.builtins = builtins()
	for _, b := range s.builtins {
		fn := s.state.NewFunction(func(L *lua.LState) int {
			if b.scope&s.scope == 0 {
				L.RaiseError("%s", b.misplaced())
			}
			return b.call(s, L)
		})
		if library, name, ok := strings.Cut(b.name, "."); ok {
			s.state.SetField(s.state.GetGlobal(library), name, fn)
			continue
		}
		s.state.SetGlobal(b.name, fn)
	}
}

// misplaced says where the builtin belongs, for a call that came from elsewhere.
func (b builtin) misplaced() string {
	if b.scope == inDescription {
		return b.name + ": belongs at file level, not inside a function that runs"
	}
	return b.name + ": belongs inside a function: entry(function() ... end)"
}
