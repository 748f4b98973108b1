package luart

import (
	"errors"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// checkCalls finds calls of functions that do not exist: misspelt ones, also in callbacks that may run only hours later.
// executed says that all files have run, so that what they defined is there to be seen.
func (s *Script) checkCalls(executed bool) error {
	globals := s.globals()
	if globals.Metatable != lua.LNil {
		return nil // names may come from anywhere
	}
	var found []error
	for _, src := range s.sources {
		told := make(map[string]bool)
		for _, c := range src.names.calls {
			if told[c.name] || s.exists(c, executed) {
				continue
			}
			told[c.name] = true
			found = append(found, s.unknownFunction(src, c))
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return errors.Join(found...)
}

// exists reports whether the function that c calls is there, or may be by the time of the call.
func (s *Script) exists(c callSite, executed bool) bool {
	if !c.global {
		return true
	}
	for _, src := range s.sources {
		// Who also reads the name, as in "if f then f() end", knows that it may be nil.
		if src.names.globals[c.name] || src.names.reads[c.name] {
			return true
		}
	}
	library, name, dotted := strings.Cut(c.name, ".")
	if !dotted {
		return s.globals().RawGetString(c.name) != lua.LNil
	}
	// Of tables only Lua's libraries are judged.
	t, ok := s.globals().RawGetString(library).(*lua.LTable)
	return !executed || !ok || !isLibrary[library] || strings.Contains(name, ".") || t.RawGetString(name) != lua.LNil
}

// unknownFunction is the error for a call of a function that does not exist, with the nearest name that does.
func (s *Script) unknownFunction(src *source, c callSite) *diag.Diagnostic {
	var names []string
	if library, _, ok := strings.Cut(c.name, "."); ok {
		if t, ok := s.globals().RawGetString(library).(*lua.LTable); ok {
			t.ForEach(func(k, _ lua.LValue) { names = append(names, library+"."+k.String()) })
		}
	} else {
		s.globals().ForEach(func(k, v lua.LValue) {
			if v.Type() == lua.LTFunction {
				names = append(names, k.String())
			}
		})
		for _, src := range s.sources {
			names = slices.AppendSeq(names, maps.Keys(src.names.globals))
		}
	}
	return src.diagnostic(c.line, c.name, "unknown function "+c.name+diag.DidYouMean(c.name, names))
}

// globals returns the table of global variables.
func (s *Script) globals() *lua.LTable { return s.state.G.Global }
