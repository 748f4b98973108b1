package luart

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/stack"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// LoadOptions tell Load how to work.
type LoadOptions struct {
	AllowHost   bool      // give scripts io.open, os.execute and the like
	Stdout      io.Writer // what print at file level writes to; nil: os.Stdout
	MemoryLimit uint64    // bytes that the process may hold while scripts run; 0: any number
	// Screen returns the columns and lines of the terminal that scripts print to, which may change; 0 where it is none. nil: it is none.
	Screen func() (width, height int)
	// RawValues has aggregations show addresses, ports, times and error numbers as the numbers that they are.
	RawValues bool
	// JSON has what is shown unasked for, such as aggregations that on_event was given, be JSON, a value a line.
	JSON bool
	// Mode is what is_mode compares with; "": release.
	Mode string
	// Set has values of options, as they are given to --set.
	Set map[string]string
	// Reading is told of each file of Lua before it is read, and of each folder where includes looks for some, by absolute
	// path. nil: nobody is.
	Reading func(path string)
	// AroundHook is given each call of a function that before_build or after_build set, and makes it. nil: it is just made.
	AroundHook func(call func() error) error
}

// Script is a loaded project.lua. It is not safe for concurrent use.
type Script struct {
	project  *builder.Project
	state    *lua.LState
	entry    *lua.LFunction // nil: the default entry
	handlers map[*builder.Target]*handlers

	builtins []builtin
	methods  map[string]map[string]lua.LValue // of builtins, by class and name
	scope    scope                            // which builtins may be called now
	stdout   io.Writer                        // what scripts print to

	screenSize func() (width, height int)
	rawValues  bool
	json       bool
	jsonValues jsonValues
	printed    formatter // of printf

	describe *description // nil once the description is complete
	entryPos diag.Pos

	sources     sources
	compared    compared // see instrument
	lengths     lengths
	toldOfMap   bool // see storeCheck
	raised      raisedError
	required    map[string]lua.LValue // modules by path
	mode        string
	set         map[string]string
	options     []*Option
	began       map[*builder.Target]bool // before_build was called
	built       map[*builder.Target]bool // after_build was
	requireHost bool                     // modules may lie outside the project
	reading     func(path string)        // see LoadOptions
	around      func(call func() error) error

	alarm       *alarm
	guard       *guard
	cut         *diag.Diagnostic // why what runs is being ended; nil where that is no error
	values      *values
	access      *access
	symbols     *stack.Names
	specialized []*specialized // all that were made
	scheduler   *scheduler
	enum        *lua.LTable // the global of that name
	loop        *loop       // nil unless Run runs
}

// handlers are the Lua functions of one target, in the order in which they were set.
type handlers struct {
	before []*lua.LFunction
	after  []*lua.LFunction
	events []eventHandler
	load   []*lua.LFunction
	exit   []*lua.LFunction
	lost   []*lua.LFunction
	timers []timer
	signal []signalHandler
}

// eventHandler is one on_event. stream is a map's or an event type's name; "" takes what no other handler takes.
type eventHandler struct {
	stream   string
	fn       *lua.LFunction // nil: consumer takes the records
	consumer recordConsumer
	pos      diag.Pos
}

// recordConsumer is a value that on_event takes in place of a function, such as an aggregation: records reach it without any Lua in between.
type recordConsumer interface {
	// consume returns what takes the records of type t, one after the other, on the goroutine that owns the Lua state. It must not
	// keep their bytes. The error says what t lacks.
	consume(t *decode.Type) (take func(record []byte), err error)
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
	s := newScript(&builder.Project{File: abs, Dir: filepath.Dir(abs)}, opts)
	return s.loadUntil(ctx, displayPath(abs), func() error { return s.load(abs) })
}

// newScript returns a Script that is ready to execute the description scope of p, which it fills.
func newScript(p *builder.Project, opts LoadOptions) *Script {
	s := &Script{
		project:  p,
		state:    newState(),
		handlers: make(map[*builder.Target]*handlers),
		scope:    inDescription,
		stdout:   opts.Stdout,

		screenSize: opts.Screen,
		rawValues:  opts.RawValues,
		json:       opts.JSON,

		reading:  opts.Reading,
		around:   opts.AroundHook,
		describe: &description{root: &root{}},
		alarm:    new(alarm),
		symbols:  new(stack.Names),
	}
	s.printed = s.newPrintf()
	s.alarm.answer = s.answerAlarm
	s.mode, s.set = cmp.Or(opts.Mode, ModeRelease), opts.Set
	if s.mode != ModeRelease {
		p.Mode = s.mode
	}
	s.began, s.built = make(map[*builder.Target]bool), make(map[*builder.Target]bool)
	if s.reading == nil {
		s.reading = func(string) {}
	}
	s.guard = &guard{alarm: s.alarm, memory: opts.MemoryLimit}
	if s.stdout == nil {
		s.stdout = os.Stdout
	}
	if s.screenSize == nil {
		s.screenSize = func() (width, height int) { return 0, 0 }
	}
	s.openLibraries(opts.AllowHost)
	s.install()
	s.openScript()
	return s
}

// loadUntil has load execute the description scope, until ctx is done. name stands for what is loaded in errors. The
// script is returned ready to run, or else closed.
func (s *Script) loadUntil(ctx context.Context, name string, load func() error) (*Script, error) {
	err := s.interruptible(ctx, load)
	if ctx.Err() != nil {
		err = fmt.Errorf("load %s: %w", name, context.Cause(ctx))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.scope = inScript
	return s, nil
}

// interruptible calls load, whose Lua ends when ctx is done.
func (s *Script) interruptible(ctx context.Context, load func() error) error {
	s.guard.enter("the project", true)
	defer s.guard.leave()
	defer context.AfterFunc(ctx, s.guard.interrupt)()
	err := load()
	if s.scheduler.exiting {
		s.scheduler.exiting = false
		if s.cut != nil {
			return s.cut
		}
	}
	return err
}

// load executes the file and completes the project from it.
func (s *Script) load(abs string) error {
	fn, err := s.readChunk(s.state, abs)
	if err != nil {
		return err
	}
	return s.execute(fn)
}

// execute calls fn, the chunk that was read first, and completes the project from what it described.
func (s *Script) execute(fn *lua.LFunction) error {
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
	if err := s.checkSet(); err != nil {
		return err
	}
	s.complete()
	return nil
}

// Project returns what the script describes.
func (s *Script) Project() *builder.Project { return s.project }

// Text returns a hash of all Lua that was read, which changes whenever a script would be another one.
func (s *Script) Text() [sha256.Size]byte {
	h := sha256.New()
	for _, src := range s.sources {
		fmt.Fprintf(h, "%q %q\n", src.path, src.text)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Close frees the Lua state.
func (s *Script) Close() {
	s.symbols.User.Close()
	s.state.Close()
}
