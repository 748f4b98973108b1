package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/cmd/ebpfx/internal/scaffold"
)

func newCommand(con *console) *cli.Command {
	var kinds strings.Builder
	for _, t := range scaffold.Templates() {
		fmt.Fprintf(&kinds, "\n  %-12s %s", t.Name, t.Description)
	}
	return &cli.Command{
		Name:      "new",
		Usage:     "write a project that builds and runs as it is",
		ArgsUsage: "NAME",
		Description: `Makes the folder NAME, or takes an empty one such as . in a new repository, with a project.lua and a
source for each template. Nothing that exists is overwritten.

Templates:` + kinds.String() + `

Examples:
  ebpfx new hello
  ebpfx new hello --template uprobe
  ebpfx new net/guard --template xdp,tracepoint`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "template", Value: "tracepoint", Usage: "start from `TEMPLATE,...`"},
		},
		Action: action(con, newProject),
	}
}

func newProject(_ context.Context, c *call) error {
	if len(c.args) != 1 {
		return usagef("new: expected one NAME, got %d; for instance: ebpfx new hello", len(c.args))
	}
	dir := c.args[0]
	if dir == "" {
		return usagef("new: NAME is empty; for instance: ebpfx new hello")
	}
	templates := strings.Split(c.cli.String("template"), ",")
	if err := scaffold.Check(templates); err != nil {
		return usagef("new: --template: %v", err)
	}
	files, err := scaffold.Write(dir, templates)
	if err != nil {
		return err
	}
	for _, f := range files {
		c.progressf("wrote %s", f)
	}
	if strings.HasPrefix(dir, "-") {
		dir = "./" + dir // which cd does not take for a flag
	}
	enter := ""
	if filepath.Clean(dir) != "." {
		enter = "  cd " + shellWord(dir) + "\n"
	}
	c.progressf("\nnext:\n%s  sudo ebpfx run", enter)
	return nil
}

// shellWord quotes s where a POSIX shell would not read it as one plain word.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./+@%:,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
