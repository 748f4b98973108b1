package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart/reference"
)

// generators are what gen can make.
var generators = []string{"lua-types"}

func genCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "gen",
		Usage:     "write files for other tools",
		ArgsUsage: strings.Join(generators, "|"),
		Description: `lua-types writes types/ebpfx.lua beside project.lua, from which the Lua language server
completes and checks ebpfx's functions, and .luarc.json, which tells it so. Projects
that ebpfx new made have both; a newer ebpfx may know more functions.

Examples:
  ebpfx gen lua-types`,
		Action: action(con, gen),
	}
}

func gen(_ context.Context, c *call) error {
	if len(c.args) != 1 {
		return usagef("gen: expected one of %s", strings.Join(generators, ", "))
	}
	switch what := c.args[0]; what {
	case "lua-types":
		return genLuaTypes(c)
	default:
		return usagef("gen: cannot make %q%s; there are: %s", what, diag.DidYouMean(what, generators), strings.Join(generators, ", "))
	}
}

// genLuaTypes writes what editors need. Settings that are there already are the user's.
func genLuaTypes(c *call) error {
	file, err := c.projectFile()
	if err != nil {
		return err
	}
	dir := filepath.Dir(file)
	types := filepath.Join(dir, reference.TypesFile)
	if err := os.MkdirAll(filepath.Dir(types), 0o777); err != nil {
		return fmt.Errorf("write the types: %w", err)
	}
	if err := os.WriteFile(types, []byte(reference.Types()), 0o666); err != nil {
		return fmt.Errorf("write the types: %w", err)
	}
	c.progressf("wrote %s", types)

	settings := filepath.Join(dir, reference.SettingsFile)
	f, err := os.OpenFile(settings, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("write the types: %w", err)
	}
	_, err = f.WriteString(reference.Settings())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the types: %w", err)
	}
	c.progressf("wrote %s", settings)
	return nil
}
