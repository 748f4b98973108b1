package luart

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// LoadOptions tell Load how to work.
type LoadOptions struct {
	AllowHost bool      // give scripts io.open, os.execute and the like
	Stdout    io.Writer // what print at file level writes to; nil: os.Stdout
}

// Script is a loaded project.lua. It is not safe for concurrent use.
type Script struct {
	project  *builder.Project
	state    *lua.LState
	entry    *lua.LFunction // nil: the default entry
	handlers map[*builder.Target]*handlers

	builtins []builtin
	scope    scope     // which builtins may be called now
	stdout   io.Writer // what scripts print to

	describe *description // nil once the description is complete
	entryPos diag.Pos

	sources     sources
	comparisons []lua.LValue // what comparisons in scripts call; see factory
	raised      raisedError
	required    map[string]lua.LValue // modules by path
	requireHost bool                  // modules may lie outside the project

	values    *values
	scheduler *scheduler
	enum      *lua.LTable // the global of that name
	loop      *loop       // nil unless Run runs
}

// handlers are the Lua functions of one target, in the order in which they were set.
type handlers struct {
	events []eventHandler
	load   []*lua.LFunction
	exit   []*lua.LFunction
	lost   []*lua.LFunction
	timers []timer
}

// eventHandler is one on_event. stream is a map's or an event type's name; "" takes what no other handler takes.
type eventHandler struct {
	stream string
	fn     *lua.LFunction
	pos    diag.Pos
}

// timer is one every.
type timer struct {
	interval time.Duration
	fn       *lua.LFunction
	pos      diag.Pos
}

// Load executes the description scope of file. What is wrong in it comes back as *diag.Diagnostic,
// several joined with errors.Join.
func Load(file string, opts LoadOptions) (*Script, error) {
	return LoadContext(context.Background(), file, opts)
}

// LoadContext is Load until ctx is done: a file that does not come to an end is left then, with ctx's cause
// in the error.
func LoadContext(ctx context.Context, file string, opts LoadOptions) (*Script, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", file, err)
	}
	s := &Script{
		project:  &builder.Project{File: abs, Dir: filepath.Dir(abs)},
		state:    newState(),
		handlers: make(map[*builder.Target]*handlers),
		scope:    inDescription,
		stdout:   opts.Stdout,
		describe: &description{root: &root{}},
	}
	if s.stdout == nil {
		s.stdout = os.Stdout
	}
	s.openLibraries(opts.AllowHost)
	s.install()
	s.openScript()

	err = s.loadUntil(ctx, abs)
	if ctx.Err() != nil {
		err = fmt.Errorf("load %s: %w", displayPath(abs), context.Cause(ctx))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.scope = inScript
	return s, nil
}

// loadUntil is load until ctx is done. Checking for that slows the interpreter by a third, which nobody notices here.
func (s *Script) loadUntil(ctx context.Context, abs string) error {
	// Coroutines keep the context that they were made under, and those that outlive the description must not end with ctx.
	loading, stop := context.WithCancel(context.Background())
	detach := context.AfterFunc(ctx, stop)
	s.state.SetContext(loading)
	defer func() {
		detach()
		s.state.RemoveContext()
	}()
	return s.load(abs)
}

// load executes the file and completes the project from it.
func (s *Script) load(abs string) error {
	fn, err := s.readChunk(s.state, abs)
	if err != nil {
		return err
	}
	// A file that brings in no other code says by itself which functions there are, so that all misspelt names
	// are found before anything runs. Otherwise the other code has to run first.
	if !s.sources[0].names.open {
		if err := s.checkCalls(false); err != nil {
			return err
		}
	}
	s.state.Push(fn)
	if err := s.state.PCall(0, 0, nil); err != nil {
		return s.diagnose(err)
	}
	if err := s.checkCalls(true); err != nil {
		return err
	}
	s.complete()
	return nil
}

// Project returns what the script describes.
func (s *Script) Project() *builder.Project { return s.project }

// Close frees the Lua state.
func (s *Script) Close() { s.state.Close() }
