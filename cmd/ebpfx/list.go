package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/luart"
)

func listCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "show the targets of the project",
		Description: `Shows each target with its kind, whether a bare build or run takes it, its files as
add_files has them, and its description.

Examples:
  ebpfx list
  ebpfx list -o json | jq -r '.[] | select(.default) | .name'`,
		Action: action(con, list),
	}
}

// listed is a target as list -o json shows it.
type listed struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	Default     bool     `json:"default"`
	Description string   `json:"description"`
	Files       []string `json:"files"`
	Deps        []string `json:"deps"`
}

func list(ctx context.Context, c *call) error {
	if err := c.refuseArguments(); err != nil {
		return err
	}
	script, err := c.load(ctx, luart.LoadOptions{Stdout: c.stderr})
	if err != nil {
		return err
	}
	defer script.Close()

	targets := []listed{}
	for _, t := range script.Project().Targets {
		l := listed{Name: t.Name, Kind: t.Kind, Default: t.Default, Description: t.Description, Files: []string{}, Deps: []string{}}
		for _, f := range t.Files {
			l.Files = append(l.Files, f.Pattern)
		}
		for _, d := range t.Deps {
			l.Deps = append(l.Deps, d.Name)
		}
		targets = append(targets, l)
	}
	switch c.flags.output {
	case "json":
		return c.printJSON(targets)
	case "none":
		return nil
	}

	rows := [][]string{{"TARGET", "KIND", "DEFAULT", "FILES", "DESCRIPTION"}}
	for _, t := range targets {
		isDefault := "no"
		if t.Default {
			isDefault = "yes"
		}
		rows = append(rows, []string{t.Name, t.Kind, isDefault, strings.Join(t.Files, " "), t.Description})
	}
	if err := c.printTable(rows); err != nil {
		return err
	}
	return c.printOptions(script.Options())
}

// printOptions shows what --set takes, where it takes something.
func (c *call) printOptions(options []luart.Option) error {
	if len(options) == 0 {
		return nil
	}
	rows := [][]string{{}, {"OPTION", "TYPE", "VALUE", "DESCRIPTION"}}
	for _, o := range options {
		rows = append(rows, []string{o.Name, o.Type, o.Value, o.Description})
	}
	return c.printTable(rows)
}
