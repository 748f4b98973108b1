package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/luart/reference"
)

// generators are what gen can make.
var generators = []string{"go", "lua-types", "vmlinux"}

func genCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "gen",
		Usage:     "write files for other tools",
		ArgsUsage: "go TARGET|FILE..., lua-types, vmlinux",
		Description: `go writes a Go package with the object of a target, or a file, in it: bpf2go's bindings, and types for
the keys and values of maps and for events, with functions that read them. What Go cannot
hold as C does (bit fields, unions, packed structs) is told. Several targets make a package each.

vmlinux writes a vmlinux.h for editors or other builds: the one of many kernels that ebpfx itself
compiles with, or that of one kernel's BTF. ebpfx build needs none.

lua-types writes types/ebpfx.lua beside project.lua, from which the Lua language server
completes and checks ebpfx's functions, and .luarc.json, which tells it so. Projects
that ebpfx new made have both; a newer ebpfx may know more functions.

Examples:
  ebpfx gen go opensnoop                          package opensnoop in ./opensnoop
  ebpfx gen go --package probe --out internal/probe opensnoop
  ebpfx gen vmlinux --btf running
  ebpfx gen vmlinux --out - | less
  ebpfx gen lua-types`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "package", Usage: "go: call the package `NAME`, in place of the target's"},
			&cli.StringFlag{Name: "out", Usage: "go: write into folder `PATH`, which is called as the package if not given, and into a folder in it for each of several targets; vmlinux: write to file PATH, or - for standard output"},
			&cli.StringFlag{Name: "arch", Usage: "go, vmlinux: for `ARCH`: " + strings.Join(toolchain.Machines(), ", ")},
			&cli.StringFlag{Name: "btf", Usage: "vmlinux: take the types of `FILE`, or of the running kernel for running"},
		},
		Action: action(con, gen),
	}
}

// genFlags are the flags that generators take beside the global ones.
var genFlags = map[string][]string{"go": {"package", "out", "arch"}, "vmlinux": {"out", "arch", "btf"}}

func gen(ctx context.Context, c *call) error {
	if len(c.args) == 0 {
		return usagef("gen: expected one of %s", strings.Join(generators, ", "))
	}
	for _, name := range []string{"package", "out", "arch", "btf"} {
		if c.cli.IsSet(name) && slices.Contains(generators, c.args[0]) && !slices.Contains(genFlags[c.args[0]], name) {
			return usagef("gen %s: --%s means nothing to it", c.args[0], name)
		}
	}
	what := c.args[0]
	switch wanted := len(c.args) - 1; {
	case what == "go" && wanted == 0:
		return usagef("gen go: expected a target or file")
	case what != "go" && slices.Contains(generators, what) && wanted > 0:
		return usagef("gen %s: takes no arguments, got %q", what, c.args[1])
	}
	switch what {
	case "go":
		return genGo(ctx, c, c.args[1:])
	case "vmlinux":
		return genVmlinux(c)
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
