package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/peterh/liner"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/luart"
	"github.com/ebpfx/ebpfx/luart/reference"
)

func luaCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "lua",
		Usage:     "run Lua with ebpfx's functions, or try them at a prompt",
		ArgsUsage: "[FILE [ARG...]]",
		Description: `Executes a file, the code of -e, or else standard input, as a project's entry would be, without
any program in the kernel. On a terminal there is a prompt, with history, and completion by Tab; it
prints what an expression is worth, and help NAME shows a function.

Examples:
  ebpfx lua                              a prompt
  ebpfx lua report.lua events.json       a script with an argument
  ebpfx lua -e 'print(json.encode({1, 2}))'`,
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "execute", Aliases: []string{"e"}, Usage: "execute `CODE`; may be repeated"},
			&cli.BoolFlag{Name: "allow-host", Usage: "let the script read and write files and start programs", DisableDefaultText: true},
		}, limitFlags()...),
		Action: action(con, runLua),
	}
}

func runLua(ctx context.Context, c *call) error {
	load, err := c.loadOptions()
	if err != nil {
		return err
	}
	var script *luart.Script
	switch args := c.args; {
	case c.cli.IsSet("execute"):
		script, err = luart.LoadCode(ctx, "-e", c.code("execute"), load)
	case len(args) > 0:
		c.args = args[1:]
		script, err = luart.LoadScript(ctx, args[0], load)
	case terminalWidth(os.Stdin) > 0 && terminalWidth(c.stdout) > 0:
		return c.prompt(ctx, load)
	default:
		var code []byte
		if code, err = io.ReadAll(os.Stdin); err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		script, err = luart.LoadCode(ctx, "stdin", string(code), load)
	}
	if err != nil {
		return err
	}
	defer script.Close()
	return script.Run(ctx, c.args, c.runOptions())
}

// prompt reads pieces of Lua from the terminal and executes them, until its end.
func (c *call) prompt(ctx context.Context, load luart.LoadOptions) error {
	session, err := luart.NewSession(load)
	if err != nil {
		return err
	}
	defer session.Close()

	cooked, err := liner.TerminalMode()
	if err != nil {
		return fmt.Errorf("ask the terminal: %w", err)
	}
	editor := liner.NewLiner()
	defer editor.Close()
	raw, err := liner.TerminalMode()
	if err != nil {
		return fmt.Errorf("ask the terminal: %w", err)
	}
	editor.SetCtrlCAborts(true)
	editor.SetTabCompletionStyle(liner.TabPrints)
	editor.SetWordCompleter(func(line string, at int) (head string, names []string, tail string) {
		names, from := session.Complete(line[:at])
		return line[:from], names, line[at:]
	})
	history := historyFile()
	if f, err := os.Open(history); err == nil {
		_, _ = editor.ReadHistory(f) // an old history is no reason not to begin
		f.Close()
	}
	defer c.keepHistory(editor, history)

	fmt.Fprintln(c.stdout, "Lua 5.1; help lists the functions, Ctrl-D leaves")
	var pending []string
	for ctx.Err() == nil {
		prompt := "> "
		if len(pending) > 0 {
			prompt = ">> "
		}
		line, err := editor.Prompt(prompt)
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			pending = nil
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(c.stdout)
			return nil
		case err != nil:
			return fmt.Errorf("read the terminal: %w", err)
		}
		if strings.TrimSpace(line) == "" && len(pending) == 0 {
			continue
		}
		pending = append(pending, line)
		editor.AppendHistory(line)
		code := strings.Join(pending, "\n")
		if c.promptHelp(code) {
			pending = nil
			continue
		}
		if err := cooked.ApplyMode(); err != nil { // Ctrl-C ends what runs
			return fmt.Errorf("set the terminal: %w", err)
		}
		err = c.evaluate(ctx, session, code)
		if err := raw.ApplyMode(); err != nil {
			return fmt.Errorf("set the terminal: %w", err)
		}
		var exit *luart.ExitError
		switch {
		case errors.Is(err, luart.ErrIncomplete):
			continue
		case errors.As(err, &exit):
			return err
		}
		c.fail(err)
		pending = nil
	}
	return nil
}

// evaluate executes what was typed at the prompt. Ctrl-C ends that alone.
func (c *call) evaluate(ctx context.Context, session *luart.Session, code string) error {
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer divertInterrupts(ctx, func() { end(&interrupted{signal: unix.SIGINT}) })()
	return session.Eval(running, code, c.runOptions())
}

// promptHelp answers "help" and "help NAME" at the prompt.
func (c *call) promptHelp(line string) bool {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "help" || len(words) > 2 {
		return false
	}
	text := reference.List()
	if len(words) == 2 {
		var err error
		if text, err = reference.Help(words[1]); err != nil {
			text = err.Error() + "\n"
		}
	}
	fmt.Fprint(c.stdout, text)
	return true
}

// historyFile returns where the lines of the prompt are kept, or "" if that is nowhere.
func historyFile() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "ebpfx", "lua_history")
}

// keepHistory writes the lines of the prompt to file.
func (c *call) keepHistory(editor *liner.State, file string) {
	if file == "" {
		return
	}
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err == nil {
			_, err = editor.WriteHistory(f)
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		c.notice(fmt.Sprintf("the history of this session is lost: %v", err))
	}
}
