package main

import (
	"context"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder"
)

func cleanCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:  "clean",
		Usage: "remove what build made",
		Description: `Removes .ebpfx/ beside project.lua. What is shared by all projects, in the user's cache
folder, stays.

Examples:
  ebpfx clean
  ebpfx clean -P ~/tools/net`,
		Action: action(con, clean),
	}
}

// clean does not load project.lua, so that it works where that is broken.
func clean(_ context.Context, c *call) error {
	if err := c.refuseArguments(); err != nil {
		return err
	}
	file, err := c.projectFile()
	if err != nil {
		return err
	}
	return builder.Clean(&builder.Project{File: file, Dir: filepath.Dir(file)})
}
