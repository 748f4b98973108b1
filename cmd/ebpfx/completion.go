package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/cmd/ebpfx/internal/scaffold"
	"github.com/ebpfx/ebpfx/luart"
)

//go:embed completion
var completionScripts embed.FS

var shells = []string{"bash", "zsh", "fish"}

func completionCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script of a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: `Completes verbs, flags, and the names of the targets of the project at hand.

Examples:
  ebpfx completion bash > ~/.local/share/bash-completion/completions/ebpfx
  ebpfx completion zsh  > ~/.zfunc/_ebpfx
  ebpfx completion fish > ~/.config/fish/completions/ebpfx.fish`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "words", Usage: "for the scripts: print what may stand in place of the last argument", DisableDefaultText: true, Hidden: true},
		},
		Action: action(con, completion),
	}
}

func completion(ctx context.Context, c *call) error {
	if c.cli.Bool("words") {
		for _, w := range c.candidates(ctx, c.args) {
			fmt.Fprintln(c.stdout, w)
		}
		return nil
	}
	if len(c.args) != 1 {
		return usagef("completion: expected one of %s", strings.Join(shells, ", "))
	}
	shell := c.args[0]
	if !slices.Contains(shells, shell) {
		return usagef("completion: unknown shell %q%s; there are: %s", shell, diag.DidYouMean(shell, shells), strings.Join(shells, ", "))
	}
	script, err := completionScripts.ReadFile("completion/ebpfx." + shell)
	if err != nil {
		return err
	}
	_, err = c.stdout.Write(script)
	return err
}

// candidates returns what the last of words, which follow "ebpfx" on a command line, may become: each a
// word, followed by a tab and a phrase where that helps. None means that a file name is expected.
func (c *call) candidates(ctx context.Context, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	app := c.cli.App
	before, last := words[:len(words)-1], words[len(words)-1]

	line := append([]string{"ebpfx"}, before...)
	flags, verb := app.Flags, verbIndex(app, line)
	var cmd *cli.Command
	if verb >= 0 {
		if cmd = app.Command(line[verb]); cmd == nil {
			return nil
		}
		flags = cmd.Flags
	}

	var all []string
	switch previous := line[len(line)-1]; {
	case isFlag(previous) && takesNext(flags, previous):
		all = flagValues(cmd, previous)
	case strings.HasPrefix(last, "-"):
		all = flagWords(flags)
	case cmd != nil && cmd.Name == "help" && verb < len(line)-1 && line[verb+1] == "lua":
		for _, f := range luart.Functions() {
			all = append(all, f.Name+"\t"+f.Signature())
		}
	case cmd != nil && cmd.Name == "gen" && verb == len(line)-1:
		all = generators
	case cmd == nil, cmd.Name == "help":
		for _, v := range app.Commands {
			all = append(all, v.Name+"\t"+v.Usage)
		}
	case cmd.Name == "completion":
		all = shells
	case cmd.Name == "build", cmd.Name == "check", cmd.Name == "inspect", cmd.Name == "gen" && line[verb+1] == "go", runsScript(cmd.Name):
		all = c.targetWords(ctx, line)
	}
	return slices.DeleteFunc(slices.Clone(all), func(w string) bool { return !strings.HasPrefix(w, last) })
}

// flagWords returns the long names of flags.
func flagWords(flags []cli.Flag) []string {
	var words []string
	for _, f := range visible(flags) {
		_, usage := splitUsage(f.(cli.DocGenerationFlag).GetUsage())
		words = append(words, dashed(f.Names()[0])+"\t"+usage)
	}
	return words
}

// flagValues returns the values of a flag that takes few. verb is nil where the flag stands before it.
func flagValues(verb *cli.Command, flag string) []string {
	switch strings.TrimLeft(flag, "-") {
	case "color":
		return []string{"auto", "always", "never"}
	case "mode", "m":
		return []string{luart.ModeRelease, luart.ModeDebug}
	case "arch":
		return toolchain.Machines()
	case "output", "o":
		if verb == nil {
			return outputsOf(runVerb)
		}
		return outputsOf(verb.Name)
	case "template":
		var words []string
		for _, t := range scaffold.Templates() {
			words = append(words, t.Name+"\t"+t.Description)
		}
		return words
	}
	return nil
}

// targetWords returns the targets of the project that the flags in line ask for.
func (c *call) targetWords(ctx context.Context, line []string) []string {
	value := func(names ...string) string {
		i := slices.IndexFunc(line, func(w string) bool { return slices.Contains(names, w) })
		if i < 0 || i+1 == len(line) {
			return ""
		}
		return line[i+1]
	}
	typed := *c
	typed.flags.project, typed.flags.file = value("-P", "--project"), value("-f", "--file")
	script, err := typed.load(ctx, luart.LoadOptions{Stdout: io.Discard})
	if err != nil {
		return nil // no place for an error
	}
	defer script.Close()

	var words []string
	for _, t := range script.Project().Targets {
		words = append(words, t.Name+"\t"+t.Description)
	}
	return words
}
