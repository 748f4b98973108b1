package luart

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
)

// buildHookBuiltins set what is called around a build.
var buildHookBuiltins = []builtin{
	{
		name: "before_build", scope: inDescription, call: (*Script).beforeBuild,
		params: "fn: fun(target: {name: string, mode: string})",
		text: "Calls fn before the target is built, to make a header for it, say. It is called each time that ebpfx is to build the target, also where all of it is up to date. " +
			"Files are written and programs started with --allow-host only.",
		example: `
target("guard")
    add_files("src/guard.bpf.c")
    before_build(function(target) print("building " .. target.name) end)`,
	},
	{
		name: "after_build", scope: inDescription, call: (*Script).afterBuild,
		params: "fn: fun(target: {name: string, mode: string, object: string})",
		text:   "Calls fn when the target is built, or was found up to date. object is the path of what was built.",
		example: `
target("guard")
    add_files("src/guard.bpf.c")
    after_build(function(target) print(target.object) end)`,
	},
}

func (s *Script) beforeBuild(L *lua.LState) int {
	return addFunction(L, "before_build", &s.describe.settings().handlers.before)
}

func (s *Script) afterBuild(L *lua.LState) int {
	return addFunction(L, "after_build", &s.describe.settings().handlers.after)
}

// BeforeBuild calls what before_build set for targets and what they depend on, once for each, however often it is called. It must not be
// called while Run runs, which does it by itself.
func (s *Script) BeforeBuild(targets ...*builder.Target) error {
	ordered, err := builder.Order(s.project, targets)
	if err != nil {
		return err
	}
	for _, t := range ordered {
		if s.began[t] {
			continue
		}
		s.began[t] = true
		for _, fn := range s.handlers[t].before {
			if err := s.callHook("the callback of before_build", fn, s.hookTable(t, "")); err != nil {
				return err
			}
		}
	}
	return nil
}

// AfterBuild calls what after_build set for targets, whose objects lie at the paths. It is to be called as BeforeBuild is.
func (s *Script) AfterBuild(objects map[*builder.Target]string) error {
	for _, t := range s.project.Targets {
		path, built := objects[t]
		if !built || s.built[t] {
			continue
		}
		s.built[t] = true
		for _, fn := range s.handlers[t].after {
			if err := s.callHook("the callback of after_build", fn, s.hookTable(t, path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// hookTable is what hooks get.
func (s *Script) hookTable(t *builder.Target, object string) *lua.LTable {
	about := s.state.NewTable()
	about.RawSetString("name", lua.LString(t.Name))
	about.RawSetString("mode", lua.LString(s.mode))
	if object != "" {
		about.RawSetString("object", lua.LString(object))
	}
	return about
}

// callHook calls fn, in which nothing can be started or waited for.
func (s *Script) callHook(what string, fn *lua.LFunction, about *lua.LTable) error {
	call := func() error { return s.callInHook(what, fn, about) }
	if s.around == nil {
		return call()
	}
	return s.around(call)
}

func (s *Script) callInHook(what string, fn *lua.LFunction, about *lua.LTable) error {
	scope := s.scope
	s.scope = inHook
	defer func() { s.scope = scope }()
	if s.loop != nil {
		return s.loop.call(s.state, what, fn, about)
	}
	s.state.Push(fn)
	s.state.Push(about)
	s.guard.enter(what, false)
	err := s.state.PCall(1, 0, nil)
	s.guard.leave()
	if err != nil {
		return s.diagnose(err)
	}
	return nil
}

// hasBuildHooks reports whether anything is to be called when t or what it depends on is built.
func (s *Script) hasBuildHooks(t *builder.Target) bool {
	ordered, err := builder.Order(s.project, []*builder.Target{t})
	if err != nil {
		return false // the build says so
	}
	for _, d := range ordered {
		if h := s.handlers[d]; len(h.before)+len(h.after) > 0 {
			return true
		}
	}
	return false
}

// errLoopEnded is why nothing can be called any more.
var errLoopEnded = errors.New("the run has ended")

// onLoop has f called by the goroutine of the loop, and returns its error. now is set where that is the one that calls.
func (l *loop) onLoop(now bool, f func() error) error {
	if now {
		return f()
	}
	result := make(chan error, 1)
	select {
	case l.posted <- func() { result <- f() }:
		return <-result
	case <-l.done:
		return errLoopEnded
	}
}
