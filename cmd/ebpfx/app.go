package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/stack"
	"github.com/ebpfx/ebpfx/luart"
)

// newApp returns the command line: the verbs in the order in which help lists them.
func newApp(con *console) *cli.App {
	// Help is printed by help.go: the library's knows neither examples nor flags on both sides of the verb.
	cli.HelpFlag = nil

	app := &cli.App{
		Name:      "ebpfx",
		Usage:     "build and run eBPF tools that a project.lua describes",
		HideHelp:  true,
		Writer:    con.stdout,
		ErrWriter: con.stderr,
		Flags: append(globalFlags(),
			&cli.BoolFlag{Name: "version", Usage: "show the version", DisableDefaultText: true}),
		Commands: []*cli.Command{
			buildCommand(con), runCommand(con), watchCommand(con), checkCommand(con), inspectCommand(con), listCommand(con), cleanCommand(con),
			doctorCommand(con), newCommand(con), luaCommand(con), genCommand(con), versionCommand(con), completionCommand(con), helpCommand(con),
		},
		OnUsageError:   onUsageError,
		ExitErrHandler: func(*cli.Context, error) {}, // main decides on the exit code
		Action: func(c *cli.Context) error {
			switch {
			case c.Args().Present():
				return unknownVerb(c)
			case c.Bool("version"):
				return action(con, version)(c)
			}
			return printAppHelp(c.App)
		},

		DisableSliceFlagSeparator: true, // a comma belongs to the value of a flag that may come several times
	}
	for _, cmd := range app.Commands {
		cmd.HideHelp = true
		cmd.Flags = append(cmd.Flags, globalFlags()...)
		cmd.OnUsageError = onUsageError
	}
	return app
}

// call is one execution of a verb.
type call struct {
	*console
	flags settings     // global
	cli   *cli.Context // for the verb's own flags
	args  []string     // positional

	symbols    *stack.Names // of all that is printed
	hiddenTold bool         // see noticeHidden
}

// action makes a verb's function into what urfave/cli calls: it reads the global flags,
// answers --help, and bounds every verb but run, which has its own way to end, by --timeout.
func action(con *console, verb func(context.Context, *call) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if wantsHelp(c) && !runsProgram(c) {
			return printHelp(c.App, c.Command)
		}
		s, err := readSettings(c)
		if err != nil {
			return err
		}
		con.configure(s)

		ctx := c.Context
		if s.timeout > 0 && !runsScript(c.Command.Name) {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("not done after %v (--timeout)", s.timeout))
			defer cancel()
		}
		err = verb(ctx, &call{console: con, flags: s, cli: c, args: c.Args().Slice(), symbols: &stack.Names{}})
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return context.Cause(ctx)
		}
		return err
	}
}

// wantsHelp reports whether --help was given, on either side of the verb.
func wantsHelp(c *cli.Context) bool { return contextOf(c, "help").Bool("help") }

// load executes the description scope of the project.lua that the flags ask for.
func (c *call) load(ctx context.Context, opts luart.LoadOptions) (*luart.Script, error) {
	file, err := c.projectFile()
	if err != nil {
		return nil, err
	}
	return luart.LoadContext(ctx, file, c.configured(opts))
}

// configured returns opts with what the user says of the project.
func (c *call) configured(opts luart.LoadOptions) luart.LoadOptions {
	opts.Mode, opts.Set = c.flags.mode, c.flags.set
	return opts
}

// projectFile returns the path of project.lua: what --file names, or the one in --project,
// or else in the current folder or the nearest above.
func (c *call) projectFile() (string, error) {
	if c.flags.file == "" && c.flags.project == "" {
		dir, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("find the current folder: %w", err)
		}
		return luart.Find(dir)
	}
	file := c.flags.file
	if file == "" {
		file = "project.lua"
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(c.flags.project, file)
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist) && c.flags.file == "":
		return "", fmt.Errorf("%w in %s; make one with: ebpfx new NAME", luart.ErrNoProject, c.flags.project)
	case errors.Is(err, unix.ENOTDIR) && c.flags.file == "":
		return "", usagef("--project %s: it is no folder; a file is named with --file", c.flags.project)
	case err != nil:
		return "", fmt.Errorf("read the project: %w", err)
	case info.IsDir():
		return "", fmt.Errorf("read the project: %s is a folder; name it with --project", file)
	}
	return filepath.Abs(file)
}
