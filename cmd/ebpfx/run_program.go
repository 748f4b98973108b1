package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/probe"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

// Flags that run has for a program without a project.
const (
	attachFlag   = "attach"
	eventFlag    = "event"
	evalFlag     = "eval"
	intervalFlag = "interval"
)

func programFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: attachFlag, Usage: "with FILE: attach a program elsewhere, `PROGRAM=WHERE`; may be repeated"},
		&cli.StringSliceFlag{Name: eventFlag, Usage: "with FILE: what events are, `[STREAM=]TYPE`; may be repeated"},
		&cli.StringSliceFlag{Name: evalFlag, Aliases: []string{"e"}, Usage: "with FILE: execute `LUA` as if in the target of a project.lua; may be repeated"},
		&cli.DurationFlag{Name: intervalFlag, Value: time.Second, Usage: "with FILE: print maps every `TIME`, 1s if not given"},
	}
}

// isProgram reports whether arg names a program's file: a source or an object.
func isProgram(arg string) bool {
	ext := filepath.Ext(arg)
	return (ext == ".c" || ext == ".o") && len(filepath.Base(arg)) > len(ext)
}

// runsProgram reports whether c is run with a program's file in place of a project.
func runsProgram(c *cli.Context) bool {
	if !runsScript(c.Command.Name) || !isProgram(c.Args().First()) {
		return false
	}
	return contextOf(c, "project").String("project") == "" && contextOf(c, "file").String("file") == ""
}

// withoutProject adds to err, that there is no project, the program's file that the arguments may mean.
func (c *call) withoutProject(err error) error {
	name := c.cli.Args().First()
	if name == "-" {
		return usagef("%s -: a program is read from its file, a *.bpf.c or *.bpf.o, and not from standard input", c.cli.Command.Name)
	}
	if name == "" {
		name = "*"
	}
	for _, ext := range []string{".bpf.c", ".bpf.o"} {
		if found, globErr := filepath.Glob(name + ext); globErr == nil && len(found) > 0 {
			return fmt.Errorf("%w; a program needs none: ebpfx %s %s", err, c.cli.Command.Name, found[0])
		}
	}
	return err
}

// refuseProgramFlags is the error about flags that mean nothing to a project.
func (c *call) refuseProgramFlags() error {
	for _, name := range []string{attachFlag, eventFlag, evalFlag, intervalFlag} {
		if c.cli.IsSet(name) {
			return usagef("%s: --%s is for a program without a project; name its file: ebpfx %[1]s tool.bpf.c --%[2]s ...", c.cli.Command.Name, name)
		}
	}
	if c.flags.output == foldedOutput {
		return usagef("run: --output folded is for a program without a project; a script prints such lines with folded: ebpfx help lua folded")
	}
	return nil
}

// program is a file that is run without a project.
type program struct {
	path     string
	target   *builder.Target
	object   *bpf.Object
	compiled string // path of the object
}

// programEdition is edition with a file as the first argument.
func (c *call) programEdition(ctx context.Context, load luart.LoadOptions) (*edition, error) {
	p, err := c.openProgram(ctx, c.args[0])
	if err != nil {
		return nil, err
	}
	if interval := c.cli.Duration(intervalFlag); interval <= 0 {
		return nil, usagef("--%s: %v is no time to wait", intervalFlag, interval)
	}
	if err := p.setOptions(c.args[1:]); err != nil {
		return nil, err
	}
	if err := p.setEvents(c.cli.StringSlice(eventFlag)); err != nil {
		return nil, err
	}
	if err := p.setHooks(c.cli.StringSlice(attachFlag)); err != nil {
		return nil, err
	}
	if err := c.checkOutput(p); err != nil {
		return nil, err
	}
	script, err := luart.LoadProject(ctx, p.project(), c.code(evalFlag), c.configured(load))
	if err != nil {
		return nil, err
	}
	for _, t := range script.Project().Targets {
		if t.Name == p.target.Name {
			c.sample(p, t)
		}
	}
	opts := c.runOptions()
	opts.Build = func(ctx context.Context, t *builder.Target) (string, error) {
		if t.Name == p.target.Name {
			return p.compiled, nil // it is open already
		}
		return c.buildOne(ctx, script.Project(), t) // -e may describe others
	}
	opts.Open = func(t *builder.Target, path string) (*bpf.Object, error) {
		switch {
		case t.Name != p.target.Name:
			return bpf.Open(path)
		case path == p.compiled:
			return p.object, nil
		}
		// Compiled in another way, since the verifier refused the first.
		object, err := openAs(p.path, path)
		if err != nil {
			return nil, err
		}
		return object, (&program{path: p.path, object: object}).setEvents(c.cli.StringSlice(eventFlag))
	}
	switch {
	case p.speaksThroughMaps():
		c.watchMaps(&opts)
		opts.Ended = func(t *builder.Target, _ bpf.Stats, ran time.Duration) { c.progressf("%s: %s", t.Name, seconds(ran)) }
	case c.flags.output == foldedOutput:
		c.foldEvents(&opts)
	default:
		c.watchCounts(p, &opts)
	}
	c.noticePrints(p)
	notice := opts.Notice
	opts.Notice = func(text string) { notice(asFlags(text)) }
	return &edition{script: script, opts: opts, alone: true}, nil
}

// noticePrints tells where the text of a program is that sends no events but prints for people who debug: all of the kernel's goes one way.
func (c *call) noticePrints(p *program) {
	if len(p.object.Streams()) > 0 {
		return
	}
	for _, prog := range p.object.Describe().Programs {
		if slices.Contains(prog.Helpers, "bpf_trace_printk") || slices.Contains(prog.Helpers, "bpf_trace_vprintk") {
			c.progressf("%s: what it prints with bpf_printk is in the kernel's trace: cat %s",
				p.target.Name, filepath.Join(cmp.Or(probe.Tracefs(), "/sys/kernel/tracing"), "trace_pipe"))
			return
		}
	}
}

// sample has the only program of its kind run at times where neither its section nor anybody else says when: 99 times a second on every CPU, as profilers do. t
// is the target as the script has it.
func (c *call) sample(p *program, t *builder.Target) {
	const kind, usual = "perf_event", "profile:hz:99"
	var sampling []string
	for _, prog := range p.object.Programs() {
		if prog.Kind == kind {
			sampling = append(sampling, prog.Name)
			if prog.Section != kind {
				return
			}
		}
	}
	if len(sampling) != 1 || slices.ContainsFunc(t.Hooks, func(h builder.Hook) bool { return h.Program == sampling[0] }) {
		return
	}
	t.Hooks = append(t.Hooks, builder.Hook{Program: sampling[0], Where: usual})
	c.notice(fmt.Sprintf("%s: SEC(%q) does not say when %s runs; taking 99 times a second on every CPU, --%s %[3]s=%[5]s", t.Name, kind, sampling[0], attachFlag, usual))
}

// code returns what a flag brings of Lua, a line each time that it is given.
func (c *call) code(flag string) string { return strings.Join(c.cli.StringSlice(flag), "\n") }

// Advice that is for a project.lua: how to attach a program, and with which flags to compile.
var (
	attachAdvice = regexp.MustCompile(`attach_to\("([^"]*)", "([^"]*)"\)`)
	cflagsAdvice = regexp.MustCompile(`; add_cflags\("[^"]*"\) spares the attempt`)
)

// asFlags puts advice into words of the command line.
func asFlags(text string) string {
	return cflagsAdvice.ReplaceAllString(attachAdvice.ReplaceAllString(text, "--"+attachFlag+" $1=$2"), "")
}

// flagged puts err into words of the command line where it is about an attach point that is not what it should be.
func flagged(err error) error {
	var failed *bpf.AttachError
	var refused *bpf.VerifierError
	if !errors.As(err, &failed) || errors.As(err, &refused) {
		return err
	}
	return errors.New(asFlags(err.Error()))
}

// openProgram compiles the file at path, if it is a source, and opens the object.
func (c *call) openProgram(ctx context.Context, path string) (*program, error) {
	p, err := newProgram(c.cli.Command.Name, path)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".c" {
		object, err := c.buildOne(ctx, p.project(), p.target)
		if err != nil {
			return nil, err
		}
		p.compiled = object
		p.object, err = openAs(path, object)
		return p, err
	}
	p.compiled = p.path
	p.object, err = bpf.Open(path)
	return p, err
}

// newProgram returns the program whose file is at path, for verb to use. Its object is not open.
func newProgram(verb, path string) (*program, error) {
	if _, err := os.Stat(path); err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s %s: %w", verb, path, err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", verb, path, err)
	}
	base := filepath.Base(abs)
	return &program{path: abs, target: &builder.Target{
		Name:    programName(base),
		Kind:    "auto",
		Default: true,
		Files:   []builder.Files{{Pattern: base, Dir: filepath.Dir(abs)}},
	}}, nil
}

// programName returns what the program in the file at path is called: opensnoop for x/opensnoop.bpf.c.
func programName(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(strings.TrimSuffix(base, filepath.Ext(base)), ".bpf")
}

// project returns the project that the program is all of. Nothing of it is left beside somebody's file.
func (p *program) project() *builder.Project {
	return &builder.Project{Name: p.target.Name, Dir: filepath.Dir(p.path), InCache: true, Targets: []*builder.Target{p.target}}
}

// openAs opens the object that a source was compiled to, and calls it as the user calls the source.
func openAs(source, object string) (*bpf.Object, error) {
	f, err := os.Open(object)
	if err != nil {
		return nil, fmt.Errorf("open object: %w", err)
	}
	defer f.Close()
	return bpf.OpenReader(source, f)
}

// setEvents says what the records of streams are, as --event has it.
func (p *program) setEvents(values []string) error {
	for _, value := range values {
		stream, typ, named := strings.Cut(value, "=")
		if !named {
			var err error
			if stream, typ, err = p.onlyStream(value); err != nil {
				return err
			}
		}
		if err := p.object.SetStreamType(stream, typ); err != nil {
			return usagef("--%s %s: %v", eventFlag, value, err)
		}
	}
	return nil
}

// onlyStream returns the stream that --event means when it names none: the only one, or the only one of unknown type.
func (p *program) onlyStream(typ string) (stream, sameType string, err error) {
	var names, unknown []string
	for _, s := range p.object.Streams() {
		names = append(names, s.Map)
		if len(s.Types) == 0 {
			unknown = append(unknown, s.Map)
		}
	}
	switch {
	case len(names) == 0:
		return "", "", usagef("--%s %s: %s has no ring or perf buffer to take events from", eventFlag, typ, filepath.Base(p.path))
	case len(names) == 1:
		return names[0], typ, nil
	case len(unknown) == 1:
		return unknown[0], typ, nil
	}
	return "", "", usagef("--%s %s: say of which of %s: --%[1]s %[4]s=%[2]s", eventFlag, typ, strings.Join(names, ", "), names[0])
}

// setHooks attaches programs as --attach has it.
func (p *program) setHooks(values []string) error {
	for _, value := range values {
		name, where, ok := strings.Cut(value, "=")
		if !ok || name == "" || where == "" {
			return usagef("--%s %s: write PROGRAM=WHERE", attachFlag, value)
		}
		p.target.Hooks = append(p.target.Hooks, builder.Hook{Program: name, Where: where})
	}
	return nil
}
