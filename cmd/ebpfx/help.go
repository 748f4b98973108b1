package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart/reference"
)

func helpCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show the verbs, how to use one, or a Lua function",
		ArgsUsage: "[VERB | lua [FUNCTION]]",
		Description: `Examples:
  ebpfx help
  ebpfx help run
  ebpfx help lua                         the functions that scripts can call
  ebpfx help lua attach_to               one of them, with an example
  ebpfx help lua event:type              a method of a value`,
		Action: action(con, help),
	}
}

func help(_ context.Context, c *call) error {
	if len(c.args) == 0 {
		return printAppHelp(c.cli.App)
	}
	name := c.args[0]
	if name == "lua" {
		return helpLua(c)
	}
	cmd := c.cli.App.Command(name)
	if cmd == nil {
		return usagef("help: unknown verb %q%s", name, diag.DidYouMean(name, verbNames(c.cli.App)))
	}
	return printHelp(c.cli.App, cmd)
}

// helpLua shows the functions that scripts can call, or one of them.
func helpLua(c *call) error {
	if len(c.args) == 1 {
		if err := printHelp(c.cli.App, c.cli.App.Command("lua")); err != nil {
			return err
		}
		return c.print("\nLua functions; ebpfx help lua NAME shows one:\n\n" + reference.List())
	}
	var texts []string
	for _, name := range c.args[1:] {
		text, err := reference.Help(name)
		if err != nil {
			return usagef("help: %v", err)
		}
		texts = append(texts, text)
	}
	return c.print(strings.Join(texts, "\n"))
}

// print writes text to standard output.
func (c *console) print(text string) error {
	_, err := io.WriteString(c.stdout, text)
	return err
}

// printAppHelp shows the verbs and the global flags.
func printAppHelp(app *cli.App) error {
	var b strings.Builder
	fmt.Fprintf(&b, "ebpfx - %s\n\nUsage: ebpfx [FLAG...] VERB [ARG...]\n\nVerbs:\n", app.Usage)
	var rows [][]string
	for _, cmd := range app.Commands {
		rows = append(rows, []string{"  " + strings.TrimSpace(cmd.Name+" "+cmd.ArgsUsage), cmd.Usage})
	}
	b.WriteString(table(rows))
	b.WriteString("\nFlags, before or after the verb:\n")
	writeFlags(&b, app.Flags)
	b.WriteString(`
Examples:
  ebpfx new hello && cd hello && sudo ebpfx run
  ebpfx help run
  ebpfx help lua
`)
	_, err := io.WriteString(app.Writer, b.String())
	return err
}

// printHelp shows how to use one verb.
func printHelp(app *cli.App, cmd *cli.Command) error {
	if app.Command(cmd.Name) == nil {
		return printAppHelp(app)
	}
	var own, global []cli.Flag
	for _, f := range visible(cmd.Flags) {
		if categorized, ok := f.(cli.CategorizableFlag); ok && categorized.GetCategory() == globalCategory {
			global = append(global, f)
		} else {
			own = append(own, f)
		}
	}

	var b strings.Builder
	fmt.Fprintf(&b, "ebpfx %s - %s\n\nUsage: ebpfx %s\n", cmd.Name, cmd.Usage, strings.TrimSpace(cmd.Name+" [FLAG...] "+cmd.ArgsUsage))
	fmt.Fprintf(&b, "\n%s\n", cmd.Description)
	if len(own) > 0 {
		b.WriteString("\nFlags:\n")
		writeFlags(&b, own)
	}
	fmt.Fprintf(&b, "\n%s:\n", globalCategory)
	writeFlags(&b, global)
	_, err := io.WriteString(app.Writer, b.String())
	return err
}

// writeFlags writes a line a flag.
func writeFlags(b *strings.Builder, flags []cli.Flag) {
	var rows [][]string
	for _, f := range flags {
		doc := f.(cli.DocGenerationFlag)
		value, usage := splitUsage(doc.GetUsage())
		names := make([]string, 0, 2)
		for _, n := range f.Names() {
			names = append(names, dashed(n))
		}
		if len(names) == 2 { // the short one first
			names[0], names[1] = names[1], names[0]
		} else {
			names[0] = "    " + names[0]
		}
		if value != "" {
			value = " " + value
		}
		rows = append(rows, []string{"  " + strings.Join(names, ", ") + value, usage})
	}
	b.WriteString(table(rows))
}

// visible returns the flags that users are told of.
func visible(flags []cli.Flag) []cli.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f cli.Flag) bool {
		v, ok := f.(cli.VisibleFlag)
		return ok && !v.IsVisible()
	})
}

// splitUsage takes the name of a flag's value, which stands between backquotes, out of its usage.
func splitUsage(usage string) (value, text string) {
	before, rest, found := strings.Cut(usage, "`")
	if !found {
		return "", usage
	}
	value, after, _ := strings.Cut(rest, "`")
	return value, before + value + after
}
